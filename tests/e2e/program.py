"""Runs the program as a person does: as a process of its own, with a collection of its own."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 300  # a hung program fails its test instead of the whole run


@dataclass(frozen=True)
class Finished:
    """A process that ended."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Stdout as JSON lines; a line that is none fails the test."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def summary(self) -> dict[str, Any]:
        """The summary object of the last line."""
        summary: dict[str, Any] = self.objects[-1]["summary"]
        return summary


#: The program, with a signal sent to it by itself just before or after the n-th step of a kind on disk.
_SIGNALLED = """
import os, sys
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.__main__ import main
name, count, when, number = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
sys.argv[1:5] = []
real, calls = getattr(FileSystem, name), []
def step(*arguments):
    calls.append(1)
    if when == "before" and len(calls) == count:
        os.kill(os.getpid(), number)
    try:
        return real(*arguments)
    finally:
        if when == "after" and len(calls) == count:
            os.kill(os.getpid(), number)
setattr(FileSystem, name, step)
sys.exit(main())
"""


@dataclass(frozen=True)
class Step:
    """A moment while files are filed.

    Attributes:
        name: A method of `sorting.filesystem.FileSystem`.
        count: Which of its calls, from 1.
        when: "before" or "after" that call.
        signal: What hits the program then.
    """

    name: str
    count: int
    when: str
    signal: int


@dataclass(frozen=True)
class Program:
    """FlowerSorter with one collection.

    Attributes:
        collection: Named through the environment.
        cwd: Where it runs: not the checkout, so that relative paths are the test's own.
    """

    collection: Path
    cwd: Path
    extra: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str | Path, **extra: str) -> Finished:
        """Run it to its end."""
        process = self._start(_words(arguments), subprocess.PIPE, extra)
        out, err = process.communicate(timeout=LIMIT_S)
        return Finished(process.returncode, out.decode("utf-8"), err.decode("utf-8"))

    def run_in_shell(self, command: str) -> Finished:
        """Run Python with a line of words and redirections."""
        done = subprocess.run(
            ["/bin/sh", "-c", f'"{sys.executable}" {command}'],
            cwd=self.cwd,
            env=self.environment(),
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
        )
        return Finished(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))

    def ok(self, *arguments: str | Path, **extra: str) -> Finished:
        """Run it; fail the test unless it succeeds."""
        finished = self.run(*arguments, **extra)
        assert finished.code == 0, f"{arguments}: exit {finished.code}\n{finished.err}\n{finished.out}"
        return finished

    def start(self, *arguments: str | Path, stderr: int = subprocess.PIPE, **extra: str) -> subprocess.Popen[bytes]:
        """Start it; the caller waits for its end."""
        return self._start(_words(arguments), stderr, extra)

    def run_with_signal(self, step: Step, *arguments: str | Path) -> Finished:
        """Run it, and have it hit by a signal at one step of filing."""
        return self.run_code(_SIGNALLED, step.name, str(step.count), step.when, str(int(step.signal)), *arguments)

    def run_code(self, code: str, *arguments: str | Path) -> Finished:
        """Run Python code that runs it, with these as `sys.argv`."""
        process = self._start(["-c", code, *map(str, arguments)], subprocess.PIPE, {})
        out, err = process.communicate(timeout=LIMIT_S)
        return Finished(process.returncode, out.decode("utf-8"), err.decode("utf-8"))

    def _start(self, words: list[str], stderr: int, extra: Mapping[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=self.cwd,
            env=self.environment(extra),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The variables it runs with."""
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        own = {
            "FLOWERSORTER_COLLECTION": str(self.collection),
            "PYTHONPATH": path,
            "PYTHONWARNINGS": "error",
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "2"),
            "QT_QPA_PLATFORM": "offscreen",
        }
        return {**os.environ, **own, **self.extra, **(extra or {})}


def _words(arguments: Sequence[str | Path]) -> list[str]:
    return ["-m", "flowersorter", *map(str, arguments)]


@dataclass(frozen=True)
class FileState:
    """What must not change of a file."""

    sha256: str
    mtime_ns: int


def state_of(path: Path) -> FileState:
    """Look at a file."""
    return FileState(hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)


def tree(folder: Path) -> dict[str, FileState | None]:
    """Everything under a folder by relative path: content and time of a file, None for a folder."""
    found: dict[str, FileState | None] = {}
    for path in sorted(folder.rglob("*")):
        name = os.fsencode(path.relative_to(folder)).decode("utf-8", "surrogateescape")
        found[name] = state_of(path) if path.is_file() else None
    return found


def read_terminal(descriptor: int, process: subprocess.Popen[bytes], until: str | None = None) -> str:
    """Read what a program shows on its terminal, to its end or until something that matches `until` appears."""
    seen = b""
    while until is None or not re.search(until.encode(), seen):
        try:
            block = os.read(descriptor, 4096)
        except OSError:  # Linux says EIO when the other side is closed
            break
        if not block:
            break
        seen += block
    else:
        return seen.decode("utf-8", "replace")
    os.close(descriptor)
    assert until is None, f"{until!r} never appeared: {seen!r}, exit {process.poll()}"
    return seen.decode("utf-8", "replace")


def imported(finished: Finished) -> set[str]:
    """The modules a run with PYTHONPROFILEIMPORTTIME loaded."""
    lines = finished.err.splitlines()
    return {line.rsplit("|", 1)[1].strip() for line in lines if line.startswith("import time:")}


def end_without_reader(process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    """Close the program's stdout before it writes; its exit code and stderr."""
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    return process.returncode, err
