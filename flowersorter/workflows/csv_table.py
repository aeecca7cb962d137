"""Writes tables as CSV files for spreadsheets, in countries with a decimal point and with a decimal comma."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TypeAlias

Cell: TypeAlias = str | int | float | None

#: A spreadsheet evaluates a cell that begins with these as a formula, even if it is the name of a file or class.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class CsvDialect(StrEnum):
    """The separators that a spreadsheet expects; most take them from the system's locale."""

    COMMA = "comma"
    SEMICOLON = "semicolon"

    @property
    def delimiter(self) -> str:
        """The sign between two cells."""
        return "," if self is CsvDialect.COMMA else ";"

    @property
    def decimal(self) -> str:
        """The sign before the fraction of a number."""
        return "." if self is CsvDialect.COMMA else ","


def csv_bytes(head: Sequence[str], rows: Iterable[Sequence[Cell]], dialect: CsvDialect = CsvDialect.COMMA) -> bytes:
    """Encode a table as the bytes of a CSV file.

    Args:
        head: Names of the columns.
        rows: Cells, as many as there are names. A float gets four decimals; None is an empty cell.
        dialect: The separators.

    Returns:
        UTF-8 with a byte order mark, without which spreadsheets read another encoding. Bytes of a file name that are
        not text become escapes.
    """
    text = io.StringIO(newline="")
    table = csv.writer(text, delimiter=dialect.delimiter)
    table.writerow(head)
    table.writerows([_cell(value, dialect) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig", "backslashreplace")


def _cell(value: Cell, dialect: CsvDialect) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}".replace(".", dialect.decimal)
    if isinstance(value, int):
        return str(value)
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value


def without_escape(cell: str) -> str:
    """Return the text of a cell as it was before `csv_bytes` kept a spreadsheet from evaluating it."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA_STARTS) else cell
