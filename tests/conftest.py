"""What every test may rely on."""

from __future__ import annotations

import gc
import itertools
import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A test run that a script started in the background inherits a Ctrl+C that is ignored, and so would every program
# that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Where tests run beside one another (`pytest -n`), each run and the programs it starts take their share of the cores;
# set before NumPy and torch are imported. With all cores for each, they would wait for one another by spinning.
if "PYTEST_XDIST_WORKER_COUNT" in os.environ:
    _share = max(1, (os.cpu_count() or 1) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))
    os.environ.setdefault("OMP_NUM_THREADS", str(_share))

# How long an example takes says something of the machine, and of what else it does, only.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

_numbers = itertools.count()


def pytest_collection_finish() -> None:
    """What was imported by now stays to the end; the collector need not go through it again with every test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the program notes for the person who runs the tests is not noted among their own things."""
    folder = tmp_path_factory.getbasetemp() / f"data-{next(_numbers)}"
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))  # for the programs that tests start
    monkeypatch.setattr("flowersorter.library.files.locations._data_folder", lambda: folder / "FlowerSorter")
    return folder / "FlowerSorter"
