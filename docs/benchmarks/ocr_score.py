"""Compares readings with the truth.

    python docs/benchmarks/ocr_score.py READINGS.jsonl...

Each reading names its picture; the truth is the .txt beside it, one line of text a line. Prints character errors by
edit distance, as a share of the true characters: `in order` over the whole text as it was read, `by line` with each
true line compared to the reading nearest to it (an extra reading counts with all its characters), so that reading
order does not matter. Without a .txt, only times are shown. Runs of white space count as one space.
"""

import json
import sys
from pathlib import Path


def distance(a, b):
    """Levenshtein distance (Myers, "A fast bit-vector algorithm for approximate string matching", 1999; Hyyro 2003)."""
    if not a or not b:
        return len(a) + len(b)
    places = {}
    for index, character in enumerate(a):
        places[character] = places.get(character, 0) | 1 << index
    everywhere, last = (1 << len(a)) - 1, 1 << len(a) - 1
    plus, minus, score = everywhere, 0, len(a)
    for character in b:
        match = places.get(character, 0) | minus
        diagonal = (((match & plus) + plus) ^ plus) | match
        across_plus = minus | ~(diagonal | plus)
        across_minus = diagonal & plus
        score += bool(across_plus & last) - bool(across_minus & last)
        across_plus = across_plus << 1 | 1
        plus = (across_minus << 1 | ~(diagonal | across_plus)) & everywhere
        minus = diagonal & across_plus & everywhere
    return score


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
        known = path.with_suffix(".txt")
        truth = [clean(line) for line in known.read_text(encoding="utf-8").splitlines()] if known.exists() else []
        read = [clean(line[0]) for line in row["lines"]]
        characters = sum(map(len, truth))
        if characters:
            ordered = f"{distance(' '.join(truth), ' '.join(read)) / characters:.2%}"
            free = f"{by_line(truth, read) / characters:.2%}"
        else:
            ordered = free = "-"
        print(
            f"{row['engine']:14} {path.name:22} {len(read):4}/{len(truth):4} {ordered:>9} {free:>8} "
            f"{row['seconds']:8.2f} {row['cpu_seconds']:8.2f} {row['peak_mb']:8.0f}"
        )
