"""The client of the reference SDK against `lavr mcp`: `client.py MODE PICTURE OUTSIDE (http URL | stdio COMMAND...)`.

Prints what it saw as one JSON document. MODE: auto (2026-07-28), legacy (the handshake of the revisions before).
"""

import asyncio
import base64
import json
import os
import sys

import anyio
from mcp import Client, MCPError, StdioServerParameters


def seen(result):
    """A result as JSON: the SDK has held structured content against the output schema by now."""
    return {
        "error": result.is_error,
        "structured": result.structured_content,
        "text": [block.text for block in result.content if block.type == "text"],
        "images": [
            {"type": block.mime_type, "jpeg": base64.b64decode(block.data)[:2] == b"\xff\xd8"}
            for block in result.content
            if block.type == "image"
        ],
    }


async def main():
    mode, picture, outside, how, *rest = sys.argv[1:]
    environment = {name: value for name, value in os.environ.items() if name.startswith("LAVR_")}
    server = rest[0] if how == "http" else StdioServerParameters(command=rest[0], args=rest[1:], env=environment)
    report = {}
    async with Client(server, mode=mode) as client:
        report["protocol"] = client.protocol_version
        report["server"] = client.server_info.name
        report["tools"] = [tool.model_dump(by_alias=True) for tool in (await client.list_tools()).tools]

        async def call(name, arguments, **options):
            return seen(await client.call_tool(name, arguments, **options))

        report["detect"] = await call("detect", {"image": picture, "labels": ["dog"]})
        report["crop"] = await call("crop", {"image": picture, "region": [20, 10, 220, 160]})
        cropped = report["crop"]["structured"]["images"][0]
        report["of_earlier_result"] = await call("color", {"image": cropped})
        with open(picture, "rb") as file:
            data = "data:image/jpeg;base64," + base64.b64encode(file.read()).decode()
        report["of_data"] = await call("detect", {"image": data, "labels": ["dog"]})

        progress = []

        async def heard(done, total, message):
            progress.append([done, message])

        arguments = {"image": picture, "text": "Three dogs look out.", "annotate": True}
        report["verify"] = await call("verify", arguments, progress_callback=heard)
        report["progress"] = progress
        report["caption"] = await call("caption", {"image": picture})
        report["ask"] = await call("ask", {"images": [picture], "question": "How many dogs are there?"})

        report["outside"] = await call("detect", {"image": outside})
        report["address"] = await call("detect", {"image": "https://example.org/a.png"})
        report["no_image"] = await call("detect", {"labels": ["dog"]})
        report["mended"] = await call("detect", {"image": picture, "lables": ["dog"]})
        report["no_text"] = await call("verify", {"image": picture})
        try:
            await client.call_tool("detekt", {"image": picture})
        except MCPError as error:
            report["unknown"] = {"code": error.error.code, "message": error.error.message}

        # A call that is given up: the server goes on to answer others.
        with anyio.move_on_after(0.05):
            await client.call_tool("ask", {"images": [picture], "question": "What color is the left dog?"})
        report["after_cancellation"] = await call("detect", {"image": picture, "labels": ["dog"]})
    print(json.dumps(report))


asyncio.run(main())
