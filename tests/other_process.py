"""A process that has a collection open and writes to it, as a window does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]

HOLD = """
import sys
from pathlib import Path
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import Setting
collection = CollectionStore.open(Path(sys.argv[1]))
collection.settings.set(Setting("value", -1), 1)
transaction = collection.database.transaction()
transaction.__enter__().execute("UPDATE settings SET value = '2'")
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_by_another_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Have another process open the collection, with a setting stored and another value of it not committed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            yield process
        finally:
            process.kill()
