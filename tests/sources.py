"""The source files of this repository as syntax trees, each parsed once in a run of the tests."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "flowersorter"

#: Every source file of the program.
SOURCES = sorted(PACKAGE.rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a source file. Callers share it and must not change it."""
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    """Return the path of a source file as a failing test shows it, relative to the repository."""
    return path.relative_to(ROOT).as_posix()
