"""The log of a collection: warnings and unexpected errors, in a small file beside the library."""

from __future__ import annotations

import logging
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flowersorter

LOG_NAME = "log.txt"
#: The file is renamed at this size, and the one renamed before is deleted.
MAX_BYTES = 250_000
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class LogFile(logging.Handler):
    """Writes records into a collection's log; the first one makes the file and imports the rotating handler.

    Args:
        folder: The collection.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(logging.WARNING)
        self._path = folder / LOG_NAME
        self._file: logging.Handler | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, the first one after the versions."""
        if self._file is None:
            from logging.handlers import RotatingFileHandler

            self._file = RotatingFileHandler(
                self._path, maxBytes=MAX_BYTES, backupCount=1, encoding="utf-8", errors="backslashreplace", delay=True
            )
            self._file.setFormatter(logging.Formatter(_FORMAT))
            versions = (
                f"FlowerSorter {flowersorter.__version__}, Python {platform.python_version()}, {platform.system()}"
            )
            self._file.emit(logging.makeLogRecord({"levelname": "INFO", "name": __name__, "msg": versions}))
        self._file.emit(record)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
        super().close()


@contextmanager
def logged(folder: Path) -> Iterator[None]:
    """Log into a collection for the duration of a block, and on stderr as before."""
    handlers = [LogFile(folder), *([logging.lastResort] if logging.lastResort is not None else [])]
    root = logging.getLogger()
    for handler in handlers:
        root.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            root.removeHandler(handler)
        handlers[0].close()


def read_log(folder: Path) -> str:
    """The log, oldest line first; "" where nothing was logged."""
    parts = []
    for name in (f"{LOG_NAME}.1", LOG_NAME):
        try:
            parts.append((folder / name).read_text(encoding="utf-8", errors="backslashreplace"))
        except OSError:
            continue
    return "".join(parts)
