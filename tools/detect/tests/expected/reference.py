"""Makes reference.json: what NanoDet-g finds, by Pillow, NumPy and ONNX Runtime.

    pip install onnxruntime numpy pillow
    gunzip -k tools/detect/weights/nanodet_g_coco80.onnx.gz
    python tools/detect/tests/expected/reference.py > tools/detect/tests/expected/reference.json

Steps: letterbox (each side an even number of pixels), normalise, run, decode, suppress within a class above an overlap
of 0.6, then between classes above 0.85. Threshold 0.4.
"""

import json
import pathlib
import tomllib

import numpy as np
import onnxruntime
from PIL import Image

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[3]
SIDE, BINS = 416, 11
MEAN = np.array([103.53, 116.28, 123.675], np.float32)
DEVIATION = np.array([57.375, 57.12, 58.395], np.float32)
LABELS = [label["name"] for label in tomllib.loads((ROOT / "crates/types/data/vocabulary.toml").read_text())["label"]]


def overlap(a, b):
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    return width * height / (area(a) + area(b) - width * height)


def detect(session, picture, threshold=0.4):
    width, height = picture.size
    scale = SIDE / max(width, height)
    fit = lambda side: min(SIDE, max(2, round(side * scale / 2) * 2))
    inner = (fit(width), fit(height))
    left, top = (SIDE - inner[0]) // 2, (SIDE - inner[1]) // 2
    canvas = np.zeros((SIDE, SIDE, 3), np.float32)
    resized = np.asarray(picture.resize(inner, Image.BILINEAR))
    canvas[top : top + inner[1], left : left + inner[0]] = resized[:, :, ::-1]
    tensor = ((canvas - MEAN) / DEVIATION).transpose(2, 0, 1)[None]
    names = [output.name for output in session.get_outputs()]
    outputs = dict(zip(names, session.run(None, {"image": np.ascontiguousarray(tensor)})))
    found = []
    for stride in (8, 16, 32):
        scores, sides = outputs[f"cls_{stride}"][0], outputs[f"reg_{stride}"][0].reshape(-1, 4, BINS)
        weights = np.exp(sides - sides.max(-1, keepdims=True))
        distances = (weights / weights.sum(-1, keepdims=True)) @ np.arange(BINS) * stride
        columns = SIDE // stride
        for cell, label in zip(*np.where(scores > threshold)):
            x, y = (cell % columns + 0.5) * stride, (cell // columns + 0.5) * stride
            box = np.array([x, y, x, y]) + distances[cell] * [-1, -1, 1, 1]
            box = (box - [left, top, left, top]) * np.tile([width / inner[0], height / inner[1]], 2)
            box = np.clip(box, 0, [width, height, width, height])
            found.append((float(scores[cell, label]), int(label), box.tolist()))
    kept = []
    for score, label, box in sorted(found, key=lambda one: -one[0]):
        if all(overlap(box, other[2]) <= (0.6 if label == other[1] else 0.85) for other in kept):
            kept.append((score, label, box))
    return [{"label": LABELS[label], "score": score, "box": box} for score, label, box in kept]


session = onnxruntime.InferenceSession(ROOT / "tools/detect/weights/nanodet_g_coco80.onnx")
result = []
for name in ("cat-and-cup.jpg", "dogs.jpg", "astronaut.jpg", "coffee.jpg"):
    picture = Image.open(ROOT / "examples/pictures" / name).convert("RGB")
    result.append({"picture": name, "objects": detect(session, picture)})
print(json.dumps(result, indent=1))
