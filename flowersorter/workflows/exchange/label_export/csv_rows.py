"""Writes labels and suggestions as a CSV table, which `label --from` reads again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from flowersorter.domain.export_format import BY_MODEL
from flowersorter.domain.label import LabelOrigin
from flowersorter.workflows.csv_table import Cell, csv_bytes
from flowersorter.workflows.exchange.label_export.label_rows import ExportTable, LabelRow

_HEAD = (
    *("file", "label", "by", "answer", "suggestion", "probability", "verdict", "taken_at", "camera"),
    *("model", "model_created_at", "error", "path"),
)


def write_csv(table: ExportTable, rows: Iterable[LabelRow], file: BinaryIO) -> None:
    """Write a line for each photo; a suggestion is never in the column of labels."""
    file.write(csv_bytes(_HEAD, (_line(table, row) for row in rows)))


def _line(table: ExportTable, row: LabelRow) -> tuple[Cell, ...]:
    model = table.model if row.top else None
    return (
        row.file,
        row.label or None,
        _by(row),
        row.answer or None,
        row.suggestion or None,
        row.top[0][1] if row.suggestion else None,
        row.verdict.word if row.top else None,
        row.taken_at or None,
        row.camera or None,
        None if model is None else model.name,
        None if model is None else model.created_at or None,
        row.error or None,
        row.path,
    )


def _by(row: LabelRow) -> str | None:
    """The source of a photo's class; that it has none can be a person's answer, too."""
    if row.by is not None:
        return row.by.value
    if row.mark and not row.suggestion:
        return LabelOrigin.PERSON.value
    return BY_MODEL if row.suggestion else None
