"""Makes points.pt, points.json, places.pt and places.json: two small networks that find the points of things, untrained, the one with whether
each point shows and the other with places alone, and what the training library (8.4.30) computes with them of the pattern of tiny.py.

    python points.py FOLDER
"""
import json, pathlib, sys
import torch
from ultralytics.nn.tasks import PoseModel


def network(shape):
    torch.manual_seed(26)
    layout = {
        "nc": 2, "reg_max": 4, "kpt_shape": shape, "end2end": False, "scale": "n", "scales": {"n": [1.0, 1.0, 1024]},
        "backbone": [
            [-1, 1, "Conv", [8, 3, 2]],
            [-1, 1, "Conv", [8, 3, 2]],
            [-1, 1, "Conv", [8, 3, 2]],
            [-1, 1, "Conv", [16, 3, 2]],
            [-1, 1, "Conv", [24, 3, 2]],
        ],
        "head": [[[2, 3, 4], 1, "Pose", ["nc", "kpt_shape"]]],
    }
    net = PoseModel(layout, ch=3, nc=2, data_kpt_shape=shape, verbose=False)
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
    net.names = {0: "cat", 1: "dog"}
    return net.eval().half()


folder = pathlib.Path(sys.argv[1])
channel, row, column = torch.meshgrid(torch.arange(3), torch.arange(64), torch.arange(64), indexing="ij")
pattern = (((channel * 7 + row * 3 + column * 5) % 32).float() / 32)[None]
for name, shape in (("points", [5, 3]), ("places", [4, 2])):
    net = network(shape)
    torch.save({"epoch": -1, "model": net, "ema": None, "version": "8.4.30"}, folder / f"{name}.pt")
    net = net.float()
    with torch.no_grad():
        found, _ = net(pattern)
    print(name, type(net.model[-1]).__name__, net.model[-1].kpt_shape, found.shape, found[0, 4:, ::20])
    values = [round(value, 5) for value in found.flatten().tolist()]
    (folder / f"{name}.json").write_text(json.dumps([{"shape": list(found.shape), "values": values}]))
