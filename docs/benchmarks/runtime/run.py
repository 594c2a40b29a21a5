"""Compares the runtimes: lavr, rig, smolagents, LangGraph, each in its idiomatic form, against one scripted model server
on loopback. Prints a table in Markdown and all that was measured as JSON.

    python docs/benchmarks/runtime/run.py [--work FOLDER] [--rounds 3] [--built]

It builds the programs in Rust and makes a virtual environment for each peer in Python, in the folder (default: target/runtime).
Rows and what they count: measure.py. The programs take turns, row by row, so that noise meets all of them.
"""

import argparse
import json
import os
import pathlib
import platform
import random
import resource
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
ROWS = {
    "step": ("a step with one call, ms", 3),
    "call": ("a further call in a step, ms", 3),
    "parallel": ("16 calls of 100 ms in one step, question to answer, ms", 1),
    "memory": ("memory of one of 1,000 runs at once, KiB", 0),
    "trace": ("kept of a step, with a picture of 1 MB, bytes", 0),
}


def sh(*command, **options):
    subprocess.run([str(word) for word in command], check=True, **options)


def build(peers):
    """Builds the programs in Rust."""
    sh("cargo", "build", "--release", "--manifest-path", HERE / "peers/Cargo.toml", "--target-dir", peers)
    sh("cargo", "build", "--release", "-p", "lavr-trace", "--example", "runtime", cwd=ROOT)


def prepare(work, built):
    """The programs by name, as commands that take SERVER and ROW; and the server."""
    peers = work / "peers"
    if not built:
        build(peers)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    programs = {"lavr": [target / "release/examples/runtime"], "rig": [peers / "release/rig"]}
    for name in ("smolagents", "langgraph"):
        venv = work / name
        if not (venv / "bin/python").exists():
            sh(sys.executable, "-m", "venv", venv)
        sh(venv / "bin/pip", "install", "-q", "-r", HERE / f"requirements-{name}.txt")
        programs[name] = [venv / "bin/python", HERE / f"{name}_peer.py"]
    return programs, peers / "release/server"


def picture(work):
    """A JPEG of about 1 MB: noise, as nothing else fills so few pixels."""
    path = work / "picture.jpg"
    if not path.exists():
        code = (
            "import sys, random; from PIL import Image; random.seed(1);"
            "Image.frombytes('RGB', (1240, 960), random.randbytes(1240 * 960 * 3)).save(sys.argv[1], quality=88)"
        )
        sh(work / "smolagents/bin/python", "-c", code, path)
    return path


def measure(program, server, row, environment):
    """One row of one program, against a server of its own."""
    with subprocess.Popen([str(server)], stdout=subprocess.PIPE, text=True) as serving:
        address = serving.stdout.readline().strip()
        try:
            words = [str(word) for word in [*program, address, row]]
            done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=300)
            if done.returncode:
                raise RuntimeError(f"{words}: {done.stderr[-2000:]}")
            return json.loads(done.stdout.strip().splitlines()[-1])["value"]
        finally:
            serving.kill()


def value(row, take):
    """What a row says, from what was measured."""
    if row == "call":
        # 20 steps with 16 calls each against 20 steps with one.
        return (take("call") - take("base")) / (20 * 15)
    return take(row)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "target/runtime")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--built", action="store_true", help="the programs in Rust are there: build nothing")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    # A thousand runs hold a thousand connections, on both ends.
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    programs, server = prepare(options.work, options.built)
    environment = os.environ | {"PICTURE": str(picture(options.work)), "LANGSMITH_TRACING": "false"}
    results = {name: {row: [] for row in ROWS} for name in programs}
    for row in ROWS:
        rounds = 1 if row == "trace" else options.rounds
        for _ in range(rounds):
            for name in random.sample(list(programs), len(programs)):
                take = lambda part: measure(programs[name], server, part, environment)
                results[name][row].append(value(row, take))
                print(name, row, results[name][row][-1], file=sys.stderr, flush=True)
    print("| | " + " | ".join(programs) + " |")
    print("| --- |" + " --- |" * len(programs))
    for row, (title, digits) in ROWS.items():
        cells = (f"{statistics.median(results[name][row]):,.{digits}f}" for name in programs)
        print(f"| {title} | " + " | ".join(cells) + " |")
    print(json.dumps({"machine": platform.platform(), "cores": os.cpu_count(), "load": os.getloadavg(), "results": results}))


main()
