"""The house's rules: who may import whom, what the lower floors may load, and that the engine runs without Qt."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources import PACKAGE, ROOT, SOURCES, name_of, names_defined_in, tree_of

#: Which rooms each room may import from, beside itself.
MAY_IMPORT = {
    "messages": set[str](),
    "errors": {"messages"},
    "translations": {"messages"},
    "atomic_write": set[str](),
    "jobs": {"errors"},
    "domain": {"errors", "messages"},
    "photos": {"messages", "errors", "jobs", "domain"},
    "library": {"messages", "atomic_write", "domain", "errors", "jobs"},
    "vision": {"messages", "atomic_write", "domain", "errors", "jobs", "photos"},
    "sorting": {"messages", "domain", "errors", "jobs", "photos", "library"},
    "workflows": {
        *("messages", "atomic_write", "domain", "errors", "jobs"),
        *("photos", "library", "vision", "sorting"),
    },
    "workers": {"messages", "domain", "errors", "jobs", "photos", "library", "sorting", "workflows"},
    "ui": {
        "messages",
        "atomic_write",
        "domain",
        "errors",
        "jobs",
        "photos",
        "library",
        "sorting",
        "workflows",
        "workers",
    },
}
TERMINAL = {"cli", "commands"}
MAY_IMPORT |= {
    room: {
        "messages",
        "translations",
        "domain",
        "errors",
        "jobs",
        "photos",
        "library",
        "vision",
        "sorting",
        "workflows",
        *TERMINAL,
    }
    for room in TERMINAL
}
MAY_IMPORT["api"] = {"messages", "domain", "errors", "jobs", "photos", "library", "vision", "sorting", "workflows"}
MAY_IMPORT["app"] = set(MAY_IMPORT) | {"app"}
MAY_IMPORT["__main__"] = set(MAY_IMPORT)

QT, TORCH = {"PySide6", "shiboken6"}, {"torch", "torchvision"}
NEVER = {
    "messages": QT | TORCH,
    "errors": QT | TORCH,
    "atomic_write": QT | TORCH,
    "jobs": QT | TORCH,
    "photos": QT | TORCH,
    "library": QT | TORCH,
    "sorting": QT | TORCH,
    "vision": QT,
    "workflows": QT | TORCH,
    "ui": TORCH,
    "api": QT | TORCH,
    "cli": QT | TORCH,
    "domain": QT | TORCH,
    "commands": QT | TORCH,
}


def imports_of(path: Path) -> Iterator[str]:
    """Every module a file imports, lazily or not; `from a import b` gives "a.b"."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in {path}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def forbidden_imports_of(path: Path) -> Iterator[str]:
    room = room_of(path)
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] in NEVER.get(room, set()):
            yield f"{name_of(path)} must not import {parts[0]}"
        if parts[0] == "flowersorter" and len(parts) > 1 and parts[1] not in (room, "__version__", *MAY_IMPORT[room]):
            yield f"{name_of(path)} must not import {name}"


def test_imports_go_one_way() -> None:
    inside = [path for path in SOURCES if room_of(path) != "__init__"]
    assert [each for path in inside for each in forbidden_imports_of(path)] == []


#: What a window may not touch: a table waits for the lock that a job holds.
TABLES = {
    "classes",
    "database",
    "journal",
    "labels",
    "models",
    "pending_labels",
    "photos",
    "reviewed_labels",
    "settings",
}
#: Files of `ui` that import from where the tables are, and what: names and limits that know no database, records of
#: changes, and the copies of a library that cannot be opened. The list may only get shorter.
KNOWS_TABLES = {
    "classes/class_commands.py": {"tables.class_undo.RemovedClass", "tables.class_undo.RenamedClass"},
    "classes/class_dialogs.py": {"tables.class_names.MAX_NAME_LENGTH", "tables.class_names.class_key"},
    "collections/collection_dialog.py": {"tables.class_names.MAX_NAME_LENGTH"},
    "collections/restore_dialog.py": {
        "database.restore.Backup",
        "database.restore.RestoreResult",
        "database.restore.newest_sound",
    },
    "filing/sort_dialog.py": {"tables.class_names.ASIDE"},
}


def tables_imported_by(path: Path) -> set[str]:
    below = "flowersorter.library."
    imported = {name.removeprefix(below) for name in imports_of(path) if name.startswith(below)}
    tables = {name for name in imported if name.split(".")[0] in {"tables", "database"}}
    return {name for name in tables if not name.startswith("tables.settings.") or name == "tables.settings.Settings"}


def tables_asked_by(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and node.attr in TABLES:
            owner = getattr(node.value, "attr", getattr(node.value, "id", ""))
            if owner.lstrip("_") == "collection":
                yield f"{name_of(path)}:{node.lineno} collection.{node.attr}"


def test_the_window_asks_no_table() -> None:
    """It asks workflows, through `session.library` or in a job, or `session.state`, which is in memory."""
    files = sorted((PACKAGE / "ui").rglob("*.py"))
    imported = {path.relative_to(PACKAGE / "ui").as_posix(): tables_imported_by(path) for path in files}
    assert {path: tables for path, tables in imported.items() if tables} == KNOWS_TABLES
    assert [each for path in files for each in tables_asked_by(path)] == []


def module_of(path: Path) -> str:
    """The name by which a file of the repository is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


OWN_MODULES = {module_of(path): path for path in SOURCES if path.name != "__init__.py"}
EVERY_SOURCE = sorted(
    path for folder in ("flowersorter", "packaging", "tests") for path in (ROOT / folder).rglob("*.py")
)


def names_used_of(path: Path) -> Iterator[tuple[str, str]]:
    """(module of ours, name) for each name that a file takes from it: imported, or as `module.name`."""
    tree = tree_of(path)
    by_alias: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole in OWN_MODULES:
                    by_alias[alias.asname or alias.name] = whole
                elif node.module in OWN_MODULES:
                    yield node.module, alias.name
    if "tests" in path.relative_to(ROOT).parts:
        return  # a test may replace a name in the module that uses it
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in by_alias:
            yield by_alias[node.value.id], node.attr


def test_every_name_is_imported_from_the_module_that_defines_it() -> None:
    """Only the `__init__.py` of a package may pass on what another module defines: it is the package's public API."""
    defined = {module: names_defined_in(path) for module, path in OWN_MODULES.items()}
    passed_on = [
        f"{name_of(path)}: {module}.{name}"
        for path in EVERY_SOURCE
        for module, name in names_used_of(path)
        if name not in defined[module]
    ]
    assert passed_on == [], "import these from the module that defines them"


def test_no_class_name_stands_twice() -> None:
    """A reader who looks for a public name finds one class."""
    files: dict[str, list[str]] = {}
    for module, path in OWN_MODULES.items():
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                files.setdefault(node.name, []).append(module)
    assert {name: modules for name, modules in files.items() if len(modules) > 1} == {}


def test_a_folder_is_small_enough_to_be_read_at_a_glance() -> None:
    """Counted are modules and packages; `__init__.py` is the folder itself, and what is no code is data."""
    siblings: dict[Path, set[str]] = {}
    for path in SOURCES:
        for folder in path.relative_to(PACKAGE).parents:
            siblings.setdefault(folder, set()).add(path.relative_to(PACKAGE / folder).parts[0])
    large = {str(folder): len(names) for folder, names in siblings.items() if len(names - {"__init__.py"}) > 18}
    assert large == {}, "find the groups among the siblings"


def test_no_file_has_outgrown_its_job() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {str(path): n for path, n in lengths.items() if n > 400} == {}


def test_no_function_has_outgrown_its_job() -> None:
    long = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in SOURCES
        for node in ast.walk(tree_of(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.end_lineno is not None
        and node.end_lineno - node.body[0].lineno + 1 > 60
    ]
    assert long == []


def functions_of(path: Path) -> Iterator[ast.FunctionDef]:
    """The functions at the top of a module."""
    for node in tree_of(path).body:
        if isinstance(node, ast.FunctionDef):
            yield node


def annotation_of(argument: ast.arg) -> str:
    return "" if argument.annotation is None else ast.unparse(argument.annotation)


def caches_by_collection(function: ast.FunctionDef) -> bool:
    decorators = map(ast.unparse, function.decorator_list)
    cached = any("cache" in each and "property" not in each for each in decorators)
    taken = {annotation_of(each) for each in function.args.posonlyargs + function.args.args}
    return cached and bool(taken & {"CollectionStore", "Engine"})


def collections_remembered_by(path: Path) -> Iterator[str]:
    """The registries, constants and cached functions of a module that would outlive a collection."""
    yield from (f"{name_of(path)}: {name}" for name in imports_of(path) if name.startswith("weakref.Weak"))
    for node in tree_of(path).body:  # a constant of strings or numbers is no cache
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            text = ast.unparse(node)
            if any(name in text for name in ("CollectionStore", "Engine", "weakref.Weak")):
                yield f"{name_of(path)}: {text}"
    functions = (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef))
    yield from (f"{name_of(path)}: {function.name}" for function in functions if caches_by_collection(function))


def test_nothing_at_module_level_remembers_a_collection() -> None:
    """`workflows.engine.Engine` does, and goes with it."""
    assert [each for path in SOURCES for each in collections_remembered_by(path)] == []


def odd_verbs_of(path: Path) -> Iterator[str]:
    """The verbs of a module whose first argument is no engine, and its requests that hold a collection."""
    for function in functions_of(path):
        arguments = function.args.posonlyargs + function.args.args
        takes_request = any(annotation_of(each).endswith("Request") for each in arguments)
        first = [(each.arg, annotation_of(each)) for each in arguments[:1]]
        if takes_request and not function.name.startswith("_") and first != [("engine", "Engine")]:
            yield f"{name_of(path)}: {function.name}"
    for node in tree_of(path).body:
        if isinstance(node, ast.ClassDef) and node.name.endswith("Request"):
            fields = {ast.unparse(each.annotation) for each in node.body if isinstance(each, ast.AnnAssign)}
            if fields & {"CollectionStore", "Engine"}:
                yield f"{name_of(path)}: {node.name}"


def test_a_workflow_takes_the_engine_and_a_request() -> None:
    """`verb(engine, request, report, cancel)`; the request is plain values, which hold no collection."""
    workflows = sorted((PACKAGE / "workflows").rglob("*.py"))
    assert [each for path in workflows for each in odd_verbs_of(path)] == []


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )


@pytest.mark.parametrize(
    "module",
    [
        "flowersorter.cli",
        "flowersorter.api.collection",
        "flowersorter.workflows.predicting.predict_folder",
        "flowersorter.workflows.training.train",
    ],
)
def test_the_verbs_are_there_before_torch_and_without_qt(module: str) -> None:
    code = f"import {module}, sys; print(sorted({{'torch', 'PySide6'}} & set(sys.modules)))"
    result = run_python(code)
    assert result.stdout.strip() == "[]", result.stderr


def test_a_prediction_of_one_photo_starts_without_what_folders_and_sorts_need() -> None:
    """Their modules took a fifth of the processor time of all imports."""
    code = "import flowersorter.commands.predict, sys; print(*sys.modules)"
    begun = ("sorting", "workflows.filing", "workflows.labelling", "vision.dataset_shift")
    found = [name for name in run_python(code).stdout.split() if name.startswith("flowersorter.")]
    assert "flowersorter.workflows.predicting.predict_photos" in found
    assert [name for name in found if name.removeprefix("flowersorter.").startswith(begun)] == []


def qt_is_here() -> bool:
    try:
        importlib.import_module("PySide6")
    except ImportError:
        return False
    return True


def test_the_unit_tests_pass_with_pyside6_absent() -> None:
    """Runs the unit tests of every floor a second time, unless all tests of this very run do without Qt, as in CI."""
    if not qt_is_here():
        return
    chosen = ["vision/classifier/test_classifier.py", "workflows", "photos", "library", "sorting"]
    command = [sys.executable, "-m", "tests.without_qt", "-q", "-p", "no:cacheprovider"]
    result = subprocess.run(
        [*command, *(f"tests/unit/{each}" for each in chosen)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
