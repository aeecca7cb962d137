"""The table of speed: its rows, as text, as JSON and as a section of a document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

_MARK = "<!-- python -m tests.bench {}: {} -->"
BEGIN, END = _MARK.format("speed", "begin"), _MARK.format("speed", "end")


@dataclass(frozen=True, slots=True)
class Row:
    """One thing a person waits for.

    Attributes:
        what: What is measured, in words.
        value: The figure, None where it could not be measured.
        unit: Stands behind the figure: "x", "s", "MB", "%", "".
        goal: What the figure is held against, None for a figure that only informs.
        better: Whether "more" or "less" is better.
        note: What the figure is made of.
    """

    what: str
    value: float | None
    unit: str
    goal: float | None = None
    better: Literal["more", "less"] = "less"
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None where there is none or nothing was measured."""
        if self.goal is None or self.value is None:
            return None
        return self.value >= self.goal if self.better == "more" else self.value <= self.goal

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """What stands in the table: what, measured, goal, met, note."""
        measured = "not measured" if self.value is None else quantity(self.value, self.unit)
        word = "at least" if self.better == "more" else "at most"
        goal = "" if self.goal is None else f"{word} {quantity(self.goal, self.unit)}"
        met = {None: "", True: "yes", False: "NO"}[self.met]
        return self.what, measured, goal, met, self.note


def quantity(value: float, unit: str) -> str:
    """A figure with as many digits as mean something: 0.283 s, 1.27 x, 5,140 x, 0 files."""
    size = abs(value)
    digits = 0 if size >= 100 or size == 0 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:,.{digits}f} {unit}".strip()


def speedup(slow_s: Sequence[float], fast_s: Sequence[float]) -> float:
    """How many times as fast: median of one against median of the other."""
    return median(slow_s) / median(fast_s)


def together(*rates: float) -> float:
    """Things a second when each thing needs several steps that share the same cores one after another.

    Args:
        rates: Things a second of each step alone with all the cores.
    """
    return 1 / sum(1 / rate for rate in rates)


def worst_ratio(costs: Sequence[float]) -> float:
    """The largest cost over the smallest."""
    return max(costs) / min(costs)


def growth(costs: Sequence[float]) -> float:
    """How many times as dear one thing gets when there are more of them: the worst of any two sizes.

    Args:
        costs: Of one thing among few, among more, among most; what a call costs by itself makes the first ones dear,
            which is no growth.
    """
    return max(later / earlier for at, earlier in enumerate(costs) for later in costs[at + 1 :])


def as_text(rows: Sequence[Row]) -> str:
    """The table for a terminal, each note on a line of its own below its row."""
    head = ("what", "measured", "goal", "met")
    table = [head, *(row.cells[:4] for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(4)]
    lines = []
    for cells, note in zip(table, ("", *(row.note for row in rows)), strict=True):
        what, measured, goal, met = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        lines.append(f"{what}  {measured}  {goal}  {met}".rstrip())
        if note:
            lines.append(f"    {note}")
    return "\n".join(lines)


def as_markdown(rows: Sequence[Row], machine: Mapping[str, Any]) -> str:
    """The table and the machine for a document."""
    lines = ["| what | measured | goal | met | how it comes about |", "|---|---|---|---|---|"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row.cells) + " |" for row in rows]
    lines += ["", "Machine: " + "; ".join(f"{name} {value}" for name, value in machine.items()) + "."]
    return "\n".join(lines)


def write_json(file: Path, rows: Sequence[Row], machine: Mapping[str, Any], figures: Mapping[str, Any]) -> None:
    """Write the table for programs: the rows, the machine, and all that was measured on the way."""
    content = {
        "machine": dict(machine),
        "rows": [
            {
                "what": row.what,
                "measured": row.value,
                "unit": row.unit,
                "goal": row.goal,
                "better": row.better,
                "met": row.met,
                "note": row.note,
            }
            for row in rows
        ],
        "figures": dict(figures),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def write_section(document: Path, section: str, command: str = "speed") -> None:
    """Replace what stands between the marks of a command in a document.

    Raises:
        ValueError: it has no marks.
    """
    first, last = _MARK.format(command, "begin"), _MARK.format(command, "end")
    text = document.read_text(encoding="utf-8")
    before, begin, rest = text.partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end:
        raise ValueError(f"{document} has no lines {first} and {last}")
    document.write_text(f"{before}{first}\n\n{section}\n\n{last}{after}", encoding="utf-8")
