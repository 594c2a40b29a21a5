"""Makes tiny.pt and tiny.json: a small detector with every kind of layer that the crate reads but C2PSA, untrained, and what the
training library (8.4.30) computes with it of a pattern."""
import json, torch
from ultralytics.nn.tasks import DetectionModel
import sys
torch.manual_seed(26)
yaml = {
    "nc": 3, "reg_max": 4, "end2end": False, "scale": "n", "scales": {"n": [1.0, 1.0, 1024]},
    "backbone": [
        [-1, 1, "Conv", [8, 3, 2]],
        [-1, 1, "Conv", [8, 3, 2]],
        [-1, 1, "C2f", [8, True]],
        [-1, 1, "Conv", [16, 3, 2]],
        [-1, 1, "C3k2", [16, False, 0.5]],
        [-1, 1, "Conv", [16, 3, 2]],
        [-1, 1, "C3k2", [16, True]],
        [-1, 1, "Conv", [32, 3, 2]],
        [-1, 1, "SPPF", [32, 5, 3, True]],
        [-1, 1, "C3k2", [32, True, 0.5, True]],
    ],
    "head": [
        [-1, 1, "nn.Upsample", [None, 2, "nearest"]],
        [[-1, 6], 1, "Concat", [1]],
        [-1, 1, "C3", [16]],
        [-1, 1, "nn.Upsample", [None, 2, "nearest"]],
        [[-1, 4], 1, "Concat", [1]],
        [-1, 1, "C3k2", [8, False]],
        [-1, 1, "Conv", [8, 3, 2]],
        [[-1, 12], 1, "Concat", [1]],
        [-1, 1, "C3k2", [16, False]],
        [-1, 1, "Conv", [16, 3, 2]],
        [[-1, 9], 1, "Concat", [1]],
        [-1, 1, "C3k2", [16, False]],
        [[15, 18, 21], 1, "Detect", ["nc"]],
    ],
}
m = DetectionModel(yaml, ch=3, nc=3, verbose=False)
for mod in m.modules():
    if isinstance(mod, torch.nn.BatchNorm2d):
        mod.running_mean.normal_(0, 0.2); mod.running_var.uniform_(0.3, 1.5)
        mod.weight.data.uniform_(1.0, 3.0); mod.bias.data.normal_(0, 0.3)
h = m.model[-1]
for i in range(3):
    h.cv2[i][-1].bias.data.normal_(0, 1); h.cv3[i][-1].bias.data.normal_(-1, 1)
m.names = {0: "cat", 1: "dog", 2: "traffic light"}
m.eval().half()
torch.save({"epoch": -1, "model": m, "ema": None, "version": "8.4.30"}, sys.argv[1])
m = m.float()
c, i, j = torch.meshgrid(torch.arange(3), torch.arange(64), torch.arange(64))
x = (((c * 7 + i * 3 + j * 5) % 32).float() / 32)[None]
with torch.no_grad():
    y = m(x); y = y[0] if isinstance(y, (tuple, list)) else y
print(y.shape, y[0, :, ::20], sum(p.numel() for p in m.parameters()), h.reg_max, h.end2end, type(h.dfl))
json.dump({"shape": list(y.shape), "values": [round(v, 5) for v in y.flatten().tolist()]}, open(sys.argv[2], "w"))
