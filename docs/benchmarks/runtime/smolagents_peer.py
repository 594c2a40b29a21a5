"""smolagents in its idiomatic form: a ToolCallingAgent over an OpenAIModel; agents keep state, so each run has its own,
and runs side by side are threads.

    smolagents_peer.py SERVER ROW        (rows: see measure.py)
"""

import io
import json
import sys
import threading
import time

from PIL import Image
from smolagents import LogLevel, OpenAIModel, ToolCallingAgent, tool

import measure


@tool
def noop(n: int) -> str:
    """Does nothing.

    Args:
        n: Any number.
    """
    return "ok"


@tool
def wait(n: int) -> str:
    """Waits for 100 ms.

    Args:
        n: Any number.
    """
    time.sleep(0.1)
    return "ok"


def agent(model):
    return ToolCallingAgent(
        tools=[noop, wait], model=model, max_steps=500, verbosity_level=LogLevel.OFF, max_tool_threads=16
    )


def main(server, row):
    model = OpenAIModel(model_id=measure.scenario(row), api_base=server, api_key="none")

    def run(own=None, images=None, model=model):
        answer = (own or agent(model)).run(measure.QUESTION, images=images)
        assert answer == "done", answer

    if row == "trace":
        own = agent(model)
        run(own, [Image.open(io.BytesIO(measure.picture()))])
        # What it keeps of a run, pictures as the base64 that it sends.
        def plain(value):
            if isinstance(value, Image.Image):
                return "x" * (4 * len(measure.picture()) // 3)
            if isinstance(value, bytes):
                return "x" * len(value)  # Pixels, as they are: a form that keeps bytes.
            return str(value)

        measure.tell(len(json.dumps(own.memory.get_full_steps(), default=plain)) / measure.TRACE_STEPS)
    elif row == "memory":
        run(model=OpenAIModel(model_id="steps-1-1", api_base=server, api_key="none"))
        before = measure.peak_kib()
        threads = [threading.Thread(target=run) for _ in range(measure.RUNS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        measure.tell((measure.peak_kib() - before) / measure.RUNS)
    else:
        measure.time_sync(run, row)


main(*sys.argv[1:])
