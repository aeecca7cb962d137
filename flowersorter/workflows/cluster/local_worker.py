"""A worker process on this machine, with its settings on stdin; it ends with the process that started it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from importlib import import_module
from typing import Any

#: Only this machine can connect.
LOOPBACK = "127.0.0.1"


def main() -> None:
    """Read the settings, connect to the scheduler, and work until stdin is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches all processes of a terminal; the client ends this one
    settings = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    asyncio.run(_work(settings))


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


async def _work(settings: dict[str, Any]) -> None:
    distributed = import_module("distributed")
    worker = distributed.Worker(
        settings["scheduler"],
        nthreads=settings["threads"],
        name=settings["name"],
        security=distributed.Security(**settings["security"]),
        host=LOOPBACK,
        dashboard_address=f"{LOOPBACK}:0",
        dashboard=False,
        local_directory=settings["folder"],
        memory_limit=0,  # the client bounds what is under way
        death_timeout=settings["connect_s"],
    )
    async with worker:
        await worker.finished()


if __name__ == "__main__":
    main()
