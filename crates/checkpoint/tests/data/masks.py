"""Makes masks.pt, masks.json, masks26.pt and masks26.json: two small networks that cut things out, untrained, with the head of YOLO 8
and 11 and with that of YOLO26, and what the training library (8.4.30) computes with them of the pattern of tiny.py.

    python masks.py FOLDER
"""
import json, pathlib, sys
import torch
from ultralytics.nn.tasks import SegmentationModel


def network(head, bins, end2end):
    torch.manual_seed(26)
    layout = {
        "nc": 3, "reg_max": bins, "end2end": end2end, "scale": "n", "scales": {"n": [1.0, 1.0, 1024]},
        "backbone": [
            [-1, 1, "Conv", [8, 3, 2]],
            [-1, 1, "Conv", [8, 3, 2]],
            [-1, 1, "Conv", [8, 3, 2]],
            [-1, 1, "Conv", [16, 3, 2]],
            [-1, 1, "Conv", [24, 3, 2]],
        ],
        # Four prototypes, made of eight channels.
        "head": [[[2, 3, 4], 1, head, ["nc", 4, 8]]],
    }
    net = SegmentationModel(layout, ch=3, nc=3, verbose=False)
    for part in net.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.2)
            part.running_var.uniform_(0.3, 1.5)
            part.weight.data.uniform_(1.0, 3.0)
            part.bias.data.normal_(0, 0.3)
    last = net.model[-1]
    for size in range(3):
        for branches in (last.cv2, last.cv3, last.cv4):
            branches[size][-1].bias.data.normal_(-0.5, 1)
    net.names = {0: "cat", 1: "dog", 2: "traffic light"}
    return net.eval().half()


def written(tensor):
    return {"shape": list(tensor.shape), "values": [round(value, 5) for value in tensor.flatten().tolist()]}


folder = pathlib.Path(sys.argv[1])
channel, row, column = torch.meshgrid(torch.arange(3), torch.arange(64), torch.arange(64), indexing="ij")
pattern = (((channel * 7 + row * 3 + column * 5) % 32).float() / 32)[None]
# That of YOLO26 has a second set of branches, whose boxes do not overlap: lavr takes the first.
for name, head, bins, end2end in (("masks", "Segment", 4, False), ("masks26", "Segment26", 1, True)):
    net = network(head, bins, end2end)
    torch.save({"epoch": -1, "model": net, "ema": None, "version": "8.4.30"}, folder / f"{name}.pt")
    net = net.float()
    net.model[-1].end2end = False
    with torch.no_grad():
        (found, prototypes), _ = net(pattern)
    print(name, type(net.model[-1].proto).__name__, found.shape, prototypes.shape, found[0, 4:, ::20], prototypes.std())
    (folder / f"{name}.json").write_text(json.dumps([written(found), written(prototypes)]))
