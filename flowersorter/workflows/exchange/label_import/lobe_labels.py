"""Reads the labels of a Lobe project: a folder with project.json, db.sqlite and the photos in data/blobs."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from flowersorter.domain.export_format import LabelFormat
from flowersorter.errors import PhotoUnreadable
from flowersorter.jobs import CancelToken
from flowersorter.messages import text
from flowersorter.photos.file_bytes import hash_file
from flowersorter.workflows.exchange.label_import.given_labels import GivenLabel, GivenLabels, refused

_DATABASE, _BLOBS = "db.sqlite", Path("data", "blobs")
#: The name of a blob; a database may come from anywhere, and names no path.
_BLOB = re.compile(r"[0-9A-Za-z_-]{1,200}")
_SELECT = (
    "SELECT example_images.hash, example_labels.label, {name} FROM example_images"
    " LEFT JOIN example_labels ON example_images.example_id = example_labels.example_id"
)
_NAME = "json_extract(example_images.metadata, '$.filename')"
_STEPS = 10_000


def is_lobe_project(folder: Path) -> bool:
    """Whether a folder is a project of Lobe."""
    return (folder / _DATABASE).is_file() and (folder / "project.json").is_file()


def lobe_labels(folder: Path, cancel: CancelToken) -> GivenLabels:
    """Read a project. Its photos are known by their bytes where Lobe kept them as they were, else by their names.

    Raises:
        UserError: its database cannot be read, or is of another program.
        Cancelled: asked to stop.
    """
    try:
        rows = list(_rows(folder / _DATABASE, cancel))
    except sqlite3.Error as error:
        cancel.check()
        raise refused(folder, text("its database is damaged, or not of a version of Lobe that is known")) from error
    labels: list[GivenLabel] = []
    for blob, label, name in rows:
        cancel.check()
        if isinstance(label, str) and label.strip():
            written = name if isinstance(name, str) and name else str(blob)
            labels.append(GivenLabel(written, label, _digest(folder / _BLOBS, blob, cancel)))
    return GivenLabels(LabelFormat.LOBE, folder, tuple(labels), len(rows) - len(labels))


def _rows(database: Path, cancel: CancelToken) -> Iterator[tuple[object, object, object]]:
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.set_progress_handler(lambda: cancel.cancelled, _STEPS)
        columns = {row[1] for row in connection.execute("PRAGMA table_info(example_images)")}
        yield from connection.execute(_SELECT.format(name=_NAME if "metadata" in columns else "NULL"))


def _digest(blobs: Path, blob: object, cancel: CancelToken) -> bytes:
    """The SHA-256 of a photo of the project; b"" where it is missing."""
    if not isinstance(blob, str) or _BLOB.fullmatch(blob) is None:
        return b""
    try:
        return hash_file(blobs / blob, cancel).sha256
    except PhotoUnreadable:
        return b""
