"""Makes reference.json: what NanoDet-g finds, by Pillow, NumPy and ONNX Runtime; and yolo11n.json and yolo26m.json, the same of
YOLO11n and of YOLO26m.

    pip install onnxruntime numpy pillow
    gunzip -k tools/detect/weights/nanodet_g_coco80.onnx.gz
    python tools/detect/tests/expected/reference.py > tools/detect/tests/expected/reference.json
    python tools/detect/tests/expected/reference.py $(lavr models path yolo11n) > tools/detect/tests/expected/yolo11n.json

YOLO26m comes as a checkpoint; its reference runs what the training library makes of it (8.4.30, torch 1.12.1), not what lavr does:

    python -c "from ultralytics import YOLO; net = YOLO('yolo26m.pt'); net.model.model[-1].end2end = False; \
        net.export(format='onnx', opset=13, simplify=False)"
    python tools/detect/tests/expected/reference.py yolo26m.onnx > tools/detect/tests/expected/yolo26m.json

Steps: letterbox (each side an even number of pixels), normalise, run, decode, suppress within a class above an overlap
of 0.6, then between classes above 0.85. Threshold 0.4.
"""

import json
import pathlib
import sys
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


def letterbox(picture, side, border):
    """The square input as an array of levels, and the way back from its pixels to those of the picture."""
    width, height = picture.size
    scale = side / max(width, height)
    fit = lambda length: min(side, max(2, int(length * scale / 2 + 0.5) * 2))
    inner = (fit(width), fit(height))
    left, top = (side - inner[0]) // 2, (side - inner[1]) // 2
    canvas = np.full((side, side, 3), border, np.float32)
    canvas[top : top + inner[1], left : left + inner[0]] = np.asarray(picture.resize(inner, Image.BILINEAR))

    def back(box):
        box = (np.asarray(box) - [left, top, left, top]) * np.tile([width / inner[0], height / inner[1]], 2)
        return np.clip(box, 0, [width, height, width, height]).tolist()

    return canvas, back


def nanodet(session, picture, threshold):
    canvas, back = letterbox(picture, SIDE, 0)
    tensor = ((canvas[:, :, ::-1] - MEAN) / DEVIATION).transpose(2, 0, 1)[None]
    names = [output.name for output in session.get_outputs()]
    outputs = dict(zip(names, session.run(None, {"image": np.ascontiguousarray(tensor)})))
    for stride in (8, 16, 32):
        scores, sides = outputs[f"cls_{stride}"][0], outputs[f"reg_{stride}"][0].reshape(-1, 4, BINS)
        weights = np.exp(sides - sides.max(-1, keepdims=True))
        distances = (weights / weights.sum(-1, keepdims=True)) @ np.arange(BINS) * stride
        columns = SIDE // stride
        for cell, label in zip(*np.where(scores > threshold)):
            x, y = (cell % columns + 0.5) * stride, (cell // columns + 0.5) * stride
            yield float(scores[cell, label]), int(label), back(np.array([x, y, x, y]) + distances[cell] * [-1, -1, 1, 1])


def yolo(session, picture, threshold):
    canvas, back = letterbox(picture, 640, 114)
    tensor = np.ascontiguousarray((canvas / 255).transpose(2, 0, 1)[None], np.float32)
    (rows,) = session.run(None, {session.get_inputs()[0].name: tensor})[0]
    for label, anchor in zip(*np.where(rows[4:] > threshold)):
        x, y, width, height = rows[:4, anchor]
        box = back([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
        yield float(rows[4 + label, anchor]), int(label), box


def detect(find, session, picture, threshold=0.4):
    kept = []
    for score, label, box in sorted(find(session, picture, threshold), key=lambda one: -one[0]):
        if all(overlap(box, other[2]) <= (0.6 if label == other[1] else 0.85) for other in kept):
            kept.append((score, label, box))
    return [{"label": LABELS[label], "score": score, "box": box} for score, label, box in kept]


find, path = (yolo, sys.argv[1]) if len(sys.argv) > 1 else (nanodet, ROOT / "tools/detect/weights/nanodet_g_coco80.onnx")
session = onnxruntime.InferenceSession(path)
result = []
for name in ("cat-and-cup.jpg", "dogs.jpg", "astronaut.jpg", "coffee.jpg"):
    picture = Image.open(ROOT / "examples/pictures" / name).convert("RGB")
    result.append({"picture": name, "objects": detect(find, session, picture)})
print(json.dumps(result, indent=1))
