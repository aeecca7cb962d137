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


def names_defined_in(path: Path) -> set[str]:
    """Return the names that a module binds itself, at its top or in a conditional there, and does not import."""
    defined: set[str] = set()
    statements = list(tree_of(path).body)
    while statements:
        node = statements.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            defined.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            defined |= {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            statements += [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.stmt)]
            statements += [each for handler in getattr(node, "handlers", []) for each in handler.body]
    return defined
