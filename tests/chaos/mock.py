"""A provider in its own process that writes down every arrival before it answers.

`python -m tests.chaos.mock <folder>` prints its port. Each line of <folder>/arrivals.jsonl is one
request that was read completely:
{"at", "mode", "taken", "id" (our message id), "key" (transaction and address), "category"}.
taken: "yes" answered in time; "no" refused, nobody was written to; "doubt" accepted, but the
caller had no answer in time, so it cannot know.
PUT /mode changes how it behaves: ok, slow, late, reset, stall, error (500), busy (429).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

OK_S, SLOW_S = 0.05, 0.4  # something is always in flight
REFUSED = {"error": 500, "busy": 429}
TAKEN = {"ok": "yes", "slow": "yes", "error": "no", "busy": "no"}


class Mock:
    """One listening socket, one file, one mode. late_s: longer than any caller waits."""

    def __init__(self, folder: Path, late_s: float) -> None:
        self.late_s = late_s
        self.mode = "ok"
        self.changed = asyncio.Event()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self.file = os.open(folder / "arrivals.jsonl", flags, 0o644)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends; callers are killed while they call."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ValueError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        words, *lines = head.decode("latin-1").splitlines()
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
        body = json.loads(await reader.readexactly(int(headers.get("content-length", "0"))))
        if words.startswith("PUT /mode"):
            self._change(body["mode"])
            return await _answer(writer, 200)
        mode = self.mode
        self._note(mode, body)
        return await self._behave(mode, writer)

    def _change(self, mode: str) -> None:
        self.mode = mode
        self.changed.set()
        self.changed = asyncio.Event()

    def _note(self, mode: str, body: dict[str, Any]) -> None:
        line = {
            "at": time.time(),
            "mode": mode,
            "taken": TAKEN.get(mode, "doubt"),
            "id": body["id"],
            "key": f"{body['body'].split()[0]} {body['address']}",
            "category": body["category"],
        }
        os.write(self.file, json.dumps(line).encode() + b"\n")

    async def _behave(self, mode: str, writer: asyncio.StreamWriter) -> bool:
        if mode == "reset":
            writer.transport.abort()
            return False
        if mode == "stall":
            await self.changed.wait()
            writer.transport.abort()
            return False
        await asyncio.sleep({"slow": SLOW_S, "late": self.late_s}.get(mode, OK_S))
        return await _answer(writer, REFUSED.get(mode, 200))


async def _answer(writer: asyncio.StreamWriter, status: int) -> bool:
    extra = "Retry-After: 1\r\n" if status == 429 else ""
    head = f"HTTP/1.1 {status} X\r\nContent-Length: 2\r\n{extra}\r\n"
    writer.write(head.encode() + b"{}")
    await writer.drain()
    return True


async def main(folder: Path, late_s: float) -> None:
    """Listen on a free port of loopback, tell it, serve for ever."""
    mock = Mock(folder, late_s)
    server = await asyncio.start_server(mock.serve, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
