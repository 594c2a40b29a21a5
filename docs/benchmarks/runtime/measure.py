"""What the peers in Python share: the rows and how they are timed. The programs in Rust do the same.

    step      50 steps with one call of a tool that does nothing: ms a step
    call      the same calls, 16 a step instead of one: ms a further call
    parallel  one step with 16 calls that wait for 100 ms each: ms from question to answer
    memory    1,000 runs at once, all waiting for their second reply: KiB of peak memory a run
    trace     20 steps about a picture of 1 MB: bytes kept of the run a step
"""

import json
import os
import statistics
import time

QUESTION = "What do you see?"
RUNS = 1000
TRACE_STEPS = 20
CALL_STEPS = 20
ROUNDS = {"step": 10, "call": 10, "parallel": 7}


def scenario(row):
    """What the scripted model is asked to do, as the name of a model."""
    return {
        "step": "steps-50-1",
        "call": f"steps-{CALL_STEPS}-16",
        "base": f"steps-{CALL_STEPS}-1",
        "parallel": "wait-16",
        "memory": f"hold-{RUNS}",
        "trace": f"steps-{TRACE_STEPS}-1",
    }[row]


def picture():
    """A file of 1 MB that is a picture."""
    with open(os.environ["PICTURE"], "rb") as file:
        return file.read()


def peak_kib():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))


def tell(value):
    print(json.dumps({"value": value}))


def summed(row, seconds):
    milliseconds = statistics.median(seconds) * 1000
    tell(milliseconds / 50 if row == "step" else milliseconds)


def time_sync(run, row):
    run()
    seconds = []
    for _ in range(ROUNDS.get(row, 10)):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    summed(row, seconds)


async def time_async(run, row):
    await run()
    seconds = []
    for _ in range(ROUNDS.get(row, 10)):
        start = time.perf_counter()
        await run()
        seconds.append(time.perf_counter() - start)
    summed(row, seconds)
