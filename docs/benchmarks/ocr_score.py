"""Compares readings with the truth.

    python docs/benchmarks/ocr_score.py READINGS.jsonl...

Each reading names its picture; the truth is the .txt beside it, one line of text a line. Prints character errors by
edit distance, as a share of the true characters: `in order` over the whole text as it was read, `by line` with each
true line compared to the reading nearest to it (an extra reading counts with all its characters), so that reading
order does not matter. Runs of white space count as one space.
"""

import json
import sys
from pathlib import Path


def distance(a, b):
    """Levenshtein distance."""
    if len(a) < len(b):
        a, b = b, a
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            current.append(min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (x != y)))
        previous = current
    return previous[-1]


def clean(text):
    return " ".join(text.split())


def by_line(truth, read):
    """Matches the nearest pairs first."""
    pairs = sorted(
        (distance(a, b), i, j)
        for i, a in enumerate(truth)
        for j, b in enumerate(read)
        if abs(len(a) - len(b)) <= max(len(a), len(b)) * 0.7
    )
    left, right, errors = set(range(len(truth))), set(range(len(read))), 0
    for cost, i, j in pairs:
        if i in left and j in right and cost < max(len(truth[i]), len(read[j])):
            errors += cost
            left.remove(i)
            right.remove(j)
    return errors + sum(len(truth[i]) for i in left) + sum(len(read[j]) for j in right)


print(f"{'engine':14} {'picture':22} {'lines':>9} {'in order':>9} {'by line':>8} {'seconds':>8} {'cpu s':>8} {'peak MB':>8}")
for file in sys.argv[1:]:
    for row in map(json.loads, Path(file).read_text(encoding="utf-8").splitlines()):
        path = Path(row["picture"])
        truth = [clean(line) for line in path.with_suffix(".txt").read_text(encoding="utf-8").splitlines() if line]
        read = [clean(line[0]) for line in row["lines"]]
        characters = sum(map(len, truth)) or 1
        ordered = distance(" ".join(truth), " ".join(read)) / characters
        free = by_line(truth, read) / characters
        print(
            f"{row['engine']:14} {path.name:22} {len(read):4}/{len(truth):4} {ordered:9.2%} {free:8.2%} "
            f"{row['seconds']:8.2f} {row['cpu_seconds']:8.2f} {row['peak_mb']:8.0f}"
        )
