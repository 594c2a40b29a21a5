"""Makes yolo26n-seg.json: what YOLO26n-seg cuts out of the example pictures, by the training library alone (8.4.30, torch 1.12.1).

    python tools/detect/tests/expected/masks.py yolo26n-seg.pt > tools/detect/tests/expected/yolo26n-seg.json

The library fits each picture into the square of 640 pixels, suppresses within a class above an overlap of 0.6 and enlarges each
mask to the picture (`retina_masks`). Threshold 0.4, that head of the two whose boxes overlap. Boxes are in pixels of the picture; masks are run lengths,
column by column, what is not the thing first.
"""

import json
import pathlib
import sys

import numpy as np
from ultralytics import YOLO

ROOT = pathlib.Path(__file__).parents[4]


def runs(mask):
    pixels = mask.astype(bool).ravel(order="F")
    changes = np.flatnonzero(np.diff(np.concatenate([[False], pixels])))
    return np.diff(np.concatenate([[0], changes, [pixels.size]])).tolist()


network = YOLO(sys.argv[1])
network.model.model[-1].end2end = False
result = []
for name in ("dogs.jpg", "astronaut.jpg", "coffee.jpg"):
    (seen,) = network.predict(
        ROOT / "examples/pictures" / name, imgsz=640, rect=False, conf=0.4, iou=0.6, retina_masks=True, device="cpu", verbose=False
    )
    things = zip(seen.boxes.cls.tolist(), seen.boxes.conf.tolist(), seen.boxes.xyxy.tolist(), seen.masks.data.numpy())
    objects = []
    for label, score, box, mask in things:
        counts = runs(mask)
        assert sum(counts[1::2]) == mask.sum()
        mask = {"size": list(mask.shape), "counts": counts}
        objects.append({"label": seen.names[int(label)], "score": score, "box": box, "area": sum(counts[1::2]), "mask": mask})
    result.append({"picture": name, "objects": objects})
print("[\n" + ",\n".join(json.dumps(picture) for picture in result) + "\n]")
