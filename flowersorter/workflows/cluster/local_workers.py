"""Starts worker processes on this machine, and starts those again that ended."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from flowersorter.errors import WorkersUnavailable
from flowersorter.messages import text
from flowersorter.vision.parallel import core_count

_MODULE = "flowersorter.workflows.cluster.local_worker"
_CONNECT_S = 60
#: What Dask writes in the course of things.
_LOGGED = re.compile(r" - (DEBUG|INFO|WARNING) - ")
#: Processes of each worker that end, one after another, before they answer; then the workers are given up.
_MOST_STARTS = 5


@dataclass(slots=True, eq=False)
class _Process:
    """A process.

    Attributes:
        name: Of the worker.
        output: Its errors.
        answered: Whether it said that it fits the job. If it ends later, a photo may be the reason.
    """

    name: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    answered: bool = False


class LocalWorkers:
    """Worker processes that share the cores; a context manager that ends them.

    They are no children of `multiprocessing`, which would run the script of a caller once more in each.

    Args:
        count: Their number.
        scheduler: Address of the scheduler, on this machine.
        security: Keyword arguments of Dask's `Security`; passed on through a pipe, and never written to a file.
    """

    def __init__(self, count: int, scheduler: str, security: Mapping[str, Any]) -> None:
        self._count, self._scheduler, self._security = count, scheduler, dict(security)
        self._processes: list[_Process] = []
        self._failed_starts = 0

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="flowersorter-workers-", ignore_cleanup_errors=True)
        self._processes = [self._start(f"worker-{number + 1}") for number in range(self._count)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in self._processes:
            each.process.kill()
        for each in self._processes:
            each.process.wait()
            _close(each)
        self._folder.cleanup()

    @property
    def process_ids(self) -> list[int]:
        """The ids of the processes that run."""
        return [each.process.pid for each in self._processes if each.process.poll() is None]

    def answered(self, name: str) -> None:
        """Note that a worker with this name works: its start has not failed, whatever ends it later."""
        for each in self._processes:
            if each.name == name:
                each.answered, self._failed_starts = True, 0

    def start_ended(self) -> None:
        """Start the processes again that ended.

        Raises:
            WorkersUnavailable: they ended several times before they could read anything.
        """
        for position, each in enumerate(self._processes):
            if each.process.poll() is None:
                continue
            self._failed_starts += not each.answered
            last = _close(each)  # twice does no harm
            if self._failed_starts > _MOST_STARTS * self._count:
                raise WorkersUnavailable(text("The worker processes end again and again"), last)
            self._processes[position] = self._start(each.name)

    def _start(self, name: str) -> _Process:
        folder = Path(self._folder.name)
        settings = {
            "scheduler": self._scheduler,
            "threads": max(1, core_count() // self._count),
            "name": name,
            "security": self._security,
            "folder": str(folder),
            "connect_s": _CONNECT_S,
        }
        output = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `_close`
        process = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-m",
                _MODULE,
            ],  # -P: nothing is imported from the present folder, it may hold photos
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=output,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert process.stdin is not None
        with suppress(OSError):  # one that has ended already is started again
            process.stdin.write(json.dumps(settings).encode() + b"\n")
            process.stdin.flush()
        return _Process(name, process, output)


def _close(ended: _Process) -> str:
    """Close the pipes of a process that ended; return the last line of its errors."""
    if ended.process.stdin is not None:
        with suppress(OSError):
            ended.process.stdin.close()
    if ended.output.closed:
        return ""
    ended.output.seek(0)
    lines = ended.output.read().decode(errors="replace").strip().splitlines()
    ended.output.close()
    return next((line for line in reversed(lines) if not _LOGGED.search(line)), "")
