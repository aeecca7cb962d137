"""Reads labels from tables: CSV with commas, semicolons or tabs, as spreadsheets and other programs write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from flowersorter.domain.export_format import LabelFormat
from flowersorter.domain.label import LabelOrigin
from flowersorter.messages import text
from flowersorter.photos.scan import looks_like_photo
from flowersorter.workflows.csv_table import without_escape
from flowersorter.workflows.exchange.label_import.given_labels import GivenLabel, GivenLabels, refused

#: Names of the columns, the best first; compared without case, spaces, "_" and "-".
_PHOTO_COLUMNS = ("path", "file", "filename", "filepath", "image", "imagepath", "imagename", "photo", "relativepath")
_CLASS_COLUMNS = ("label", "class", "classname", "category", "species", "tag", "scientificname")
#: Who gave the label, in tables that this program writes.
_ORIGIN_COLUMN = "by"
_ORIGINS = frozenset({"", *(origin.value for origin in LabelOrigin)})
_DELIMITERS = (",", ";", "\t")


def csv_labels(source: Path, data: bytes) -> GivenLabels:
    """Read a table with a column for the photo and one for its class.

    A table without names of columns has the photo in the first and the class in the second. Suggestions are left out:
    only the column of labels counts where there is one.

    Raises:
        UserError: it is no table, or lacks one of the columns.
    """
    content = _decoded(data)
    first_line = content.partition("\n")[0].rstrip("\r")
    delimiter = max(_DELIMITERS, key=first_line.count)
    labels: list[GivenLabel] = []
    without = 0
    rows = _rows(source, content, delimiter)
    head = next(rows, None)
    if head is None:
        raise refused(source, text("it is empty"))
    photo, name, origin, is_head = _columns(source, head)
    for row in rows if is_head else (row for part in ([head], rows) for row in part):
        if not row or max(photo, name) >= len(row) or not row[photo]:
            continue
        by_model = origin >= 0 and origin < len(row) and row[origin].strip() not in _ORIGINS
        if row[name].strip() and not by_model:
            labels.append(GivenLabel(row[photo], without_escape(row[name])))
        else:
            without += 1
    return GivenLabels(LabelFormat.CSV, source.parent, tuple(labels), without)


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # as spreadsheets on Windows write it


def _rows(source: Path, content: str, delimiter: str) -> Iterator[list[str]]:
    table = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)
    try:
        yield from table
    except csv.Error as error:
        raise refused(source, text("line {number} is not part of a table", number=table.line_num)) from error


def _columns(source: Path, head: Sequence[str]) -> tuple[int, int, int, bool]:
    """The columns of photo, class and origin (-1 without), and whether the first line has their names."""
    keys = ["".join(name.casefold().split()).replace("_", "").replace("-", "") for name in head]
    photo, name = (
        next((keys.index(known) for known in names if known in keys), -1) for names in (_PHOTO_COLUMNS, _CLASS_COLUMNS)
    )
    if photo >= 0 and name >= 0:
        return photo, name, keys.index(_ORIGIN_COLUMN) if _ORIGIN_COLUMN in keys else -1, True
    if len(head) > 1 and looks_like_photo(Path(head[0])):
        return 0, 1, -1, False
    missing = text("none of its columns names the photo") if photo < 0 else text("none of its columns names the class")
    raise refused(source, missing, text("Call the columns “path” and “label”"))
