"""Reads the text of pictures with RapidOCR, in the form of `tools/ocr/examples/read.rs --json`.

    python docs/benchmarks/rapidocr_peer.py [--cls] [--threads N] [--repeat N] PICTURE...

One JSON object a picture. Without `--cls`, the line direction classifier is off. `--threads` sets the threads within
an operator (default: as RapidOCR sets them, one a core). Needs `pip install rapidocr onnxruntime`.
"""

import argparse
import json
import logging
import resource
import time

from rapidocr import RapidOCR

parser = argparse.ArgumentParser()
parser.add_argument("--cls", action="store_true")
parser.add_argument("--threads", type=int, default=-1)
parser.add_argument("--repeat", type=int, default=1)
parser.add_argument("pictures", nargs="+")
options = parser.parse_args()
logging.disable(logging.CRITICAL)

reader = RapidOCR(
    params={
        "Global.use_cls": options.cls,
        "EngineConfig.onnxruntime.intra_op_num_threads": options.threads,
    }
)
for picture in options.pictures:
    seconds = cpu = float("inf")
    for _ in range(options.repeat):
        start, cpu_before = time.perf_counter(), time.process_time()
        result = reader(picture)
        seconds = min(seconds, time.perf_counter() - start)
        cpu = min(cpu, time.process_time() - cpu_before)
    found = zip(result.txts or (), result.scores or (), result.boxes if result.boxes is not None else ())
    lines = [[text, float(score), box.tolist()] for text, score, box in found]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    engine = "rapidocr+cls" if options.cls else "rapidocr"
    print(
        json.dumps(
            {
                "picture": picture,
                "seconds": seconds,
                "cpu_seconds": cpu,
                "engine": engine,
                "peak_mb": peak,
                "lines": lines,
            }
        ),
        flush=True,
    )
