"""No call that may overwrite or delete is anywhere in sorting but in the one interface to the disk."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.sources import PACKAGE, tree_of

FOLDER = PACKAGE / "sorting"
FILES = sorted(FOLDER.rglob("*.py"))

#: Never, anywhere: they replace what is there, or delete whole trees.
BANNED = {"shutil.move", "shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.rmtree", "shutil.copytree"}
BANNED |= {"os.rename", "os.replace", "os.renames", "os.remove", "os.removedirs", "os.truncate"}
BANNED_METHODS = {"replace_with", "write_bytes", "write_text", "touch", "open"}
#: Steps on the disk: only in filesystem.py.
STEPS = {"unlink", "rename", "rmdir", "mkdir", "chmod", "symlink_to", "hardlink_to", "link_to", "utime"}


def _calls(path: Path) -> list[tuple[str, str]]:
    """(what it is called on, name) of every call."""
    calls = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            calls.append((ast.unparse(node.func.value), node.func.attr))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            calls.append(("", node.func.id))
    return calls


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_that_may_overwrite_is_called(path: Path) -> None:
    for owner, name in _calls(path):
        assert f"{owner}.{name}" not in BANNED
        assert name not in BANNED_METHODS or owner == "os"
        if path.name == "filesystem.py" or owner == "files" or owner.endswith(".files"):
            continue
        assert name not in STEPS, f"{owner}.{name} does not go through FileSystem"
        assert owner != "shutil"


def test_pathlib_s_replace_is_not_called_on_paths() -> None:
    for path in FILES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "replace":
                assert ast.unparse(node.func.value) == "dataclasses"


def test_renaming_is_for_windows_only_where_it_never_replaces() -> None:
    text = (FOLDER / "filesystem.py").read_text(encoding="utf-8")
    assert text.count(".rename(") == 1
    assert 'if os.name == "nt":  # pragma: no cover - on Windows renaming never replaces' in text
