"""Makes yolo11n-pose.json: the people that YOLO11n-pose finds in photographs and the points of their bodies, by the training library alone
(8.4.30, torch 2.2.2).

    python tools/detect/tests/expected/poses.py yolo11n-pose.pt > tools/detect/tests/expected/yolo11n-pose.json

The library fits each picture into the square of 640 pixels, and suppresses above an overlap of 0.6. Threshold 0.4. Boxes and points are in
pixels of the picture; all seventeen points are written, those that do not show as well.
"""

import json
import pathlib
import sys

from ultralytics import YOLO

ROOT = pathlib.Path(__file__).parents[4]
PICTURES = (
    "examples/pictures/astronaut.jpg",
    "examples/pictures/dogs.jpg",
    "crates/eval/photos/evaluation/office-talk.jpg",
    "crates/eval/photos/evaluation/woman-with-curls.jpg",
    "crates/eval/photos/evaluation/officer.jpg",
    "crates/eval/photos/evaluation/surfer.jpg",
)


def rounded(numbers, digits):
    return [round(number, digits) for number in numbers]


network = YOLO(sys.argv[1])
result = []
for name in PICTURES:
    (seen,) = network.predict(ROOT / name, imgsz=640, rect=False, conf=0.4, iou=0.6, device="cpu", verbose=False)
    people = []
    for score, box, points in zip(seen.boxes.conf.tolist(), seen.boxes.xyxy.tolist(), seen.keypoints.data.tolist()):
        points = [rounded(place, 2) + rounded([shows], 4) for *place, shows in points]
        people.append({"score": round(score, 4), "box": rounded(box, 2), "points": points})
    result.append({"picture": name, "people": people})
print("[\n" + ",\n".join(json.dumps(picture) for picture in result) + "\n]")
