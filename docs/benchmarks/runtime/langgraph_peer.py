"""LangGraph in its idiomatic form: a graph of a chat model and a ToolNode, asynchronous.

    langgraph_peer.py SERVER ROW        (rows: see measure.py)
"""

import asyncio
import base64
import os
import sys
import tempfile
from typing import Annotated

from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

import measure


@tool
async def noop(n: Annotated[int, "Any number."]) -> str:
    """Does nothing."""
    return "ok"


@tool
async def wait(n: Annotated[int, "Any number."]) -> str:
    """Waits for 100 ms."""
    await asyncio.sleep(0.1)
    return "ok"


def graph(server, scenario, checkpointer=None):
    tools = [noop, wait]
    model = ChatOpenAI(base_url=server, api_key="none", model=scenario, max_retries=0).bind_tools(tools)

    async def call_model(state: MessagesState):
        return {"messages": [await model.ainvoke(state["messages"])]}

    builder = StateGraph(MessagesState)
    builder.add_node("model", call_model)
    builder.add_node("tools", ToolNode(tools))
    builder.add_edge(START, "model")
    builder.add_conditional_edges("model", tools_condition)
    builder.add_edge("tools", "model")
    return builder.compile(checkpointer=checkpointer)


def question(picture=None):
    content = [{"type": "text", "text": measure.QUESTION}]
    if picture:
        data = base64.b64encode(picture).decode()
        content.append({"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{data}"}})
    return {"messages": [HumanMessage(content=content)]}


CONFIG = {"recursion_limit": 500}


async def main(server, row):
    async def run(compiled, config=CONFIG, picture=None):
        state = await compiled.ainvoke(question(picture), config)
        assert state["messages"][-1].content == "done", state["messages"][-1]

    if row == "trace":
        path = os.path.join(tempfile.mkdtemp(), "checkpoints.sqlite")
        async with AsyncSqliteSaver.from_conn_string(path) as saver:
            config = CONFIG | {"configurable": {"thread_id": "1"}}
            await run(graph(server, measure.scenario(row), saver), config, measure.picture())
        measure.tell(sum(entry.stat().st_size for entry in os.scandir(os.path.dirname(path))) / measure.TRACE_STEPS)
    elif row == "memory":
        compiled = graph(server, measure.scenario(row))
        await run(graph(server, "steps-1-1"))
        before = measure.peak_kib()
        await asyncio.gather(*(run(compiled) for _ in range(measure.RUNS)))
        measure.tell((measure.peak_kib() - before) / measure.RUNS)
    else:
        compiled = graph(server, measure.scenario(row))
        await measure.time_async(lambda: run(compiled), row)


asyncio.run(main(*sys.argv[1:]))
