"""Schedulers and workers as a person starts them by hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.sources import ROOT

_LOOK_EVERY_S = 0.05


class Dask:
    """`dask scheduler` or `dask worker`, until it is ended.

    Attributes:
        process: The process.
        address: Of the scheduler or worker.
    """

    def __init__(
        self, kind: str, arguments: Sequence[str], environment: Mapping[str, str], ready: str, log: Path
    ) -> None:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments]
        with log.open("wb") as output:  # a pipe that nobody empties would stop the process once it is full
            self.process = subprocess.Popen(
                command,
                stdout=subprocess.DEVNULL,
                stderr=output,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            )
        while (found := re.search(ready, log.read_text(errors="replace"))) is None:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_LOOK_EVERY_S)
                raise AssertionError(f"dask {kind} has ended: {log.read_text(errors='replace')}")
        self.address = found[1]

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()


class Cluster:
    """A scheduler on this machine, which has no FlowerSorter, and the workers that were started for it."""

    def __init__(self, folder: Path, stack: ExitStack, tls: Sequence[str] = ()) -> None:
        self._folder, self._stack, self._tls = folder, stack, tls
        protocol = ("--protocol", "tls") if tls else ()
        bare = folder / "preload_scheduler.py"
        bare.write_text("import sys\nsys.modules['flowersorter'] = None\n")
        place = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show", "--preload", str(bare))
        arguments = (*place, *protocol, *tls)
        self.scheduler = Dask("scheduler", arguments, {}, r"Scheduler at: +(\S+)\s", folder / "scheduler.log")
        stack.callback(self.scheduler.end)
        self.address = self.scheduler.address

    def worker(self, name: str, preload: str = "", **environment: str) -> Dask:
        """Start a worker with this name; `preload` is code that it runs first."""
        own: list[str] = []
        if preload:
            file = self._folder / f"preload_{name}.py"
            file.write_text(preload)
            own = ["--preload", str(file)]
        place = ("--host", "127.0.0.1", "--no-dashboard", "--local-directory", str(self._folder))
        arguments = (self.address, "--name", name, "--nthreads", "1", "--no-nanny", *place, *own, *self._tls)
        log = self._folder / f"{name}.log"
        started = Dask("worker", arguments, environment, r"Registered to: +(\S+)\s", log)
        self._stack.callback(started.end)
        return started


@contextmanager
def cluster(folder: Path, tls: Sequence[str] = ()) -> Iterator[Cluster]:
    """A scheduler without workers."""
    with ExitStack() as stack:
        yield Cluster(folder, stack, tls)
