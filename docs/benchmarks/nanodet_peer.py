"""Times NanoDet-g in Python, end to end on decoded pixels, on the same file as `tools/detect`.

    pip install onnxruntime numpy pillow opencv-python-headless
    gunzip -kc tools/detect/weights/nanodet_g_coco80.onnx.gz > nanodet_g_coco80.onnx
    python docs/benchmarks/nanodet_peer.py --model nanodet_g_coco80.onnx --rounds 30 examples/pictures/*.jpg

One round: letterbox and normalise (Pillow's bilinear filter, which shrinks as lavr does, or `--resize cv2`, which passes over source
pixels), run the network with ONNX Runtime, decode, suppress overlaps. Vectorised NumPy throughout.
"""

import argparse
import os
import time

import numpy as np
import onnxruntime
from PIL import Image

SIDE, BINS, THRESHOLD = 416, 11, 0.4
MEAN = np.array([103.53, 116.28, 123.675], np.float32)
SCALE = 1 / np.array([57.375, 57.12, 58.395], np.float32)
CENTERS = {
    stride: np.stack(np.meshgrid(*[(np.arange(SIDE // stride) + 0.5) * stride] * 2), -1).reshape(-1, 2)
    for stride in (8, 16, 32)
}


def letterbox(pixels, resize):
    height, width = pixels.shape[:2]
    scale = SIDE / max(width, height)
    inner = tuple(min(SIDE, max(2, round(side * scale / 2) * 2)) for side in (width, height))
    if resize == "cv2":
        import cv2

        small = cv2.resize(pixels, inner, interpolation=cv2.INTER_LINEAR)
    else:
        small = np.asarray(Image.fromarray(pixels).resize(inner, Image.BILINEAR))
    left, top = (SIDE - inner[0]) // 2, (SIDE - inner[1]) // 2
    canvas = np.zeros((SIDE, SIDE, 3), np.float32)
    canvas[top : top + inner[1], left : left + inner[0]] = small[:, :, ::-1]
    canvas -= MEAN
    canvas *= SCALE
    return np.ascontiguousarray(canvas.transpose(2, 0, 1)[None]), inner, (left, top)


def overlaps(box, others):
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    common = np.clip(high - low, 0, None).prod(1)
    area = lambda boxes: (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
    return common / (area(box) + area(others) - common)


def detect(session, names, pixels, resize):
    tensor, inner, (left, top) = letterbox(pixels, resize)
    outputs = dict(zip(names, session.run(None, {"image": tensor})))
    boxes, labels, scores = [], [], []
    for stride, centers in CENTERS.items():
        found = outputs[f"cls_{stride}"][0]
        cells, classes = np.nonzero(found > THRESHOLD)
        sides = outputs[f"reg_{stride}"][0][cells].reshape(-1, 4, BINS)
        weights = np.exp(sides - sides.max(-1, keepdims=True))
        distances = weights @ np.arange(BINS) / weights.sum(-1) * stride
        boxes.append(np.concatenate([centers[cells] - distances[:, :2], centers[cells] + distances[:, 2:]], 1))
        labels.append(classes)
        scores.append(found[cells, classes])
    boxes, labels, scores = np.concatenate(boxes), np.concatenate(labels), np.concatenate(scores)
    height, width = pixels.shape[:2]
    boxes = (boxes - [left, top, left, top]) * np.tile([width / inner[0], height / inner[1]], 2)
    boxes = np.clip(boxes, 0, [width, height, width, height])
    order, kept = np.argsort(-scores), []
    while len(order):
        best, order = order[0], order[1:]
        kept.append((int(labels[best]), float(scores[best]), boxes[best]))
        limit = np.where(labels[order] == labels[best], 0.6, 0.85)
        order = order[overlaps(boxes[best], boxes[order]) <= limit]
    return kept


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--resize", choices=["pillow", "cv2"], default="pillow")
    parser.add_argument("pictures", nargs="+")
    arguments = parser.parse_args()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = arguments.threads
    session = onnxruntime.InferenceSession(arguments.model, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    for path in arguments.pictures:
        pixels = np.asarray(Image.open(path).convert("RGB"))
        times = []
        for number in range(arguments.rounds + 3):
            start = time.perf_counter()
            detect(session, names, pixels, arguments.resize)
            if number >= 3:
                times.append((time.perf_counter() - start) * 1000)
        times.sort()
        size = f"{pixels.shape[1]}x{pixels.shape[0]}"
        print(f"{os.path.basename(path)}\t{size}\tmin {times[0]:.1f} ms\tmedian {times[len(times) // 2]:.1f} ms")


if __name__ == "__main__":
    main()
