"""Runs one measurement in a process of its own, so that none finds caches, threads or modules of another.

A job is a module with a function that returns a dictionary; started as `python -m MODULE '{"argument": ...}'` it
prints that as one line of JSON, the last of its output. The process is started in the checkout, so that it measures
the program of the checkout.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
#: What a job found out, by name.
Figures = dict[str, Any]
#: Longer than any job takes on a slow machine; a job that hangs must not hang the table.
_TIMEOUT_S = 1800


class JobFailed(Exception):
    """A measurement ended with an error; the text is what it said."""


def run_job(module: str, environment: Mapping[str, str] | None = None, **arguments: object) -> Figures:
    """Run a job and wait for it.

    Args:
        module: Its module below `tests.bench.speed`.
        environment: Variables to set beside those of this process.
        arguments: For the job's function; paths may be given as they are.

    Returns:
        What it found out; "process_s" is added: wall time from starting the process to its end.

    Raises:
        JobFailed: it did not end well.
    """
    given = json.dumps({name: str(value) if isinstance(value, Path) else value for name, value in arguments.items()})
    return run_python(["-m", f"tests.bench.speed.{module}", given], environment)


def run_python(arguments: list[str], environment: Mapping[str, str] | None = None) -> Figures:
    """As `run_job`, for any Python program that prints one line of JSON last.

    Raises:
        JobFailed: it did not end well.
    """
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_TIMEOUT_S,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen", **(environment or {})},
    )
    seconds = time.perf_counter() - started
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines:
        raise JobFailed((done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1])
    return {**json.loads(lines[-1]), "process_s": seconds}


def answer(job: Callable[..., Figures]) -> None:
    """Be the job: take the arguments from the command line and print what the function finds out."""
    arguments = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    print(json.dumps(job(**arguments)))
    sys.stdout.flush()
    # Whatever was measured is told; threads of libraries that are slow to end would only hold up the table.
    os._exit(0)
