"""Reads labels from tables: CSV with commas, semicolons or tabs, as spreadsheets and other programs write them."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from flowersorter.domain.export_format import BY_MODEL, LabelFormat
from flowersorter.messages import text
from flowersorter.photos.scan import looks_like_photo
from flowersorter.workflows.csv_table import without_escape
from flowersorter.workflows.exchange.label_import.given_labels import (
    GivenLabel,
    GivenLabels,
    Omission,
    mark_of,
    refused,
)
from flowersorter.workflows.exchange.label_import.label_studio import classes_of_cell, path_of_task

#: Names of the columns, the best first; compared without case, spaces, "_" and "-".
_PHOTO_COLUMNS = (
    *("path", "file", "filename", "filepath", "image", "imagepath", "imagename", "photo", "relativepath"),
    *("datei", "dateiname", "dateipfad", "pfad", "bild", "foto"),  # tables of German spreadsheets
)
#: Those of them that still hold after the photos moved, beside a column of absolute paths.
_RELATIVE_COLUMNS = ("relativepath", "file", "filename")
_CLASS_COLUMNS = (
    *("label", "class", "classname", "category", "species", "tag", "scientificname", "choice"),
    *("klasse", "kategorie", "art", "bezeichnung"),
)
#: Who gave the label. Tables of other programs may have a person's name there, and every other word.
_ORIGIN_COLUMN = "by"
#: A person's answer in place of a class, as `label_export` writes it.
_ANSWER_COLUMN = "answer"
_DELIMITERS = (",", ";", "\t")
#: The beginning of a file, which tells its encoding.
_TRIED_BYTES = 4096
#: Of the names of columns in an error.
_SHOWN_CHARS = 100
#: The first line with which Excel is told the delimiter.
_NAMED_DELIMITER = re.compile(r"\ufeff?sep=(.)\r?\n?", re.IGNORECASE)
#: Columns that tables of Label Studio have beside those of the task.
_OF_LABEL_STUDIO = frozenset({"annotator", "annotationid", "leadtime"})


def csv_labels(source: Path, data: bytes) -> GivenLabels:
    """Read a table with a column for the photo and one for its class.

    A table without names of columns has the photo in the first and the class in the second. Suggestions are left out:
    only the column of labels counts where there is one.

    Raises:
        UserError: it is not a table, lacks one of the columns, or has a quote in it that takes lines for one cell.
    """
    lines = list(io.StringIO(_decoded(data), newline=""))
    named = _NAMED_DELIMITER.fullmatch(lines[0]) if lines else None
    first = lines[1:2] if named is not None else lines[:1]
    delimiter = named[1] if named is not None else max(_DELIMITERS, key="".join(first).count)
    labels: list[GivenLabel] = []
    without, left_out = 0, Counter[Omission]()
    rows = _rows(source, lines, delimiter, 0 if named is None else 1)
    head = next(rows, None)
    if head is None:
        raise refused(source, text("it is empty"))
    photo, relative, name, origin, answer, is_head = _columns(source, head)
    is_of_tasks = is_head and any(key in _OF_LABEL_STUDIO for key in map(_key, head))
    for row in rows if is_head else (row for part in ([head], rows) for row in part):
        if not row:
            continue
        if max(photo, name) >= len(row) or not row[photo].strip():
            left_out[Omission.INCOMPLETE] += any(map(str.strip, row))
        elif mark := mark_of(_cell(row, answer)) or mark_of(row[name]):
            labels.append(GivenLabel(row[photo], "", relative=_cell(row, relative), mark=mark))
        elif _cell(row, origin).strip().casefold() == BY_MODEL:
            left_out[Omission.SUGGESTION] += 1
        elif not row[name].strip():
            without += 1
        else:
            written = path_of_task(row[photo]) if is_of_tasks else row[photo]
            names = classes_of_cell(row[name]) if is_of_tasks else (without_escape(row[name]),)
            labels += [GivenLabel(written, each, relative=_cell(row, relative)) for each in names]
    return GivenLabels(LabelFormat.CSV, source.parent, tuple(labels), without, dict(left_out))


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    tried = data[:_TRIED_BYTES]
    if tried.count(0) * 3 > len(
        tried
    ):  # UTF-16 without a mark: the half of a letter that is 0 says which half is first
        return data.decode("utf-16-be" if data[:1] == b"\0" else "utf-16-le", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # as spreadsheets on Windows write it


def _rows(source: Path, lines: Sequence[str], delimiter: str, begin: int) -> Iterator[list[str]]:
    """The rows of a table.

    Args:
        source: The file.
        lines: Its lines, with their ends.
        delimiter: Between two cells.
        begin: Number of lines before the table.

    Raises:
        UserError: a line is not part of a table, or a quote that is not closed makes one cell of lines.
    """
    table = csv.reader(lines[begin:], delimiter=delimiter)
    ended = begin
    try:
        for row in table:
            first, ended = ended, begin + table.line_num
            if ended - first > 1 and _swallows(lines[first:ended], row, delimiter):
                raise refused(source, text("a quote in line {number} is not closed", number=first + 1))
            yield row
    except csv.Error as error:
        number = begin + table.line_num
        raise refused(source, text("line {number} is not part of a table", number=number)) from error


def _swallows(lines: Sequence[str], row: Sequence[str], delimiter: str) -> bool:
    """Whether a row of several lines is several rows, joined by a stray quote.

    A note may have several lines. But then its quotes are in pairs, the quote that ends it ends its cell, and none of
    its lines is a row with the name of a photo.
    """
    try:
        whole = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return True
    cells = [cell for line in lines[1:] if delimiter in line for cell in line.split(delimiter) if '"' not in cell]
    return whole != [list(row)] or any(looks_like_photo(Path(cell.strip())) for cell in cells)


def _cell(row: Sequence[str], column: int) -> str:
    return row[column] if 0 <= column < len(row) else ""


def _key(name: str) -> str:
    return "".join(name.casefold().split()).replace("_", "").replace("-", "")


def _columns(source: Path, head: Sequence[str]) -> tuple[int, int, int, int, int, bool]:
    """The columns of photo, relative path, class, origin and answer (-1 without), and whether these names are there."""
    keys = list(map(_key, head))
    photo, relative, name, origin, answer = (
        next((keys.index(known) for known in names if known in keys), -1)
        for names in (_PHOTO_COLUMNS, _RELATIVE_COLUMNS, _CLASS_COLUMNS, (_ORIGIN_COLUMN,), (_ANSWER_COLUMN,))
    )
    if photo >= 0 and name >= 0:
        return photo, relative, name, origin, answer, True
    if len(head) > 1 and looks_like_photo(Path(head[0])):
        return 0, -1, 1, -1, -1, False
    missing = text("none of its columns names the photo") if photo < 0 else text("none of its columns names the class")
    hint = text(
        "Call the columns “path” and “label”, separate them by commas, semicolons or tabs, and save the table as "
        "UTF-8. It has: {names}",
        names=", ".join(head)[:_SHOWN_CHARS],
    )
    raise refused(source, missing, hint)
