"""Times llama.cpp (through llama-cpp-python) on one GGUF file, as `cargo run --release -p lavr-local --example bench` times lavr.

    pip install llama-cpp-python numpy
    python docs/benchmarks/time_llama_cpp.py MODEL.gguf [THREADS] [RUNS]

Prints one JSON line: seconds to load, prefill and decode rates (tokens a second, the best and all runs),
CPU seconds of both phases, and the peak resident memory of the process.
The prompt is 128 arbitrary tokens (ids 1000, 1001, ...), then 64 tokens follow one by one.
"""

import ctypes
import json
import resource
import sys
import time

import numpy
from llama_cpp import Llama, llama_cpp

PROMPT, REPLY = 128, 64


def main() -> None:
    path = sys.argv[1]
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    began = time.perf_counter()
    model = Llama(path, n_ctx=2048, n_batch=512, n_threads=threads, n_threads_batch=threads, verbose=False)
    load = time.perf_counter() - began
    prompt = list(range(1000, 1000 + PROMPT))
    prefill, decode, prefill_cpu, decode_cpu = [], [], [], []
    for _ in range(runs):
        model.reset()
        wall, cpu = time.perf_counter(), time.process_time()
        model.eval(prompt)
        prefill.append(PROMPT / (time.perf_counter() - wall))
        prefill_cpu.append(time.process_time() - cpu)
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(REPLY):
            logits = llama_cpp.llama_get_logits(model.ctx)
            values = numpy.ctypeslib.as_array(ctypes.cast(logits, ctypes.POINTER(ctypes.c_float)), (model.n_vocab(),))
            model.eval([int(values.argmax())])
        decode.append(REPLY / (time.perf_counter() - wall))
        decode_cpu.append(time.process_time() - cpu)
    print(json.dumps({
        "engine": "llama.cpp",
        "threads": threads,
        "load_s": round(load, 2),
        "prefill_tok_s": round(max(prefill), 1),
        "decode_tok_s": round(max(decode), 2),
        "prefill_all": [round(x, 1) for x in prefill],
        "decode_all": [round(x, 2) for x in decode],
        "prefill_cpu_s": round(min(prefill_cpu), 2),
        "decode_cpu_s": round(min(decode_cpu), 2),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }))


main()
