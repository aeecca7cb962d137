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

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "flowersorter"

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

SOURCES = sorted(PACKAGE.rglob("*.py"))


def imports_of(path: Path) -> Iterator[str]:
    """Every module a file imports, lazily or not; `from a import b` gives "a.b"."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in {path}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_go_one_way(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        return
    for name in imports_of(path):
        parts = name.split(".")
        assert parts[0] not in NEVER.get(room, set()), f"{room} must not import {parts[0]}"
        if parts[0] == "flowersorter" and len(parts) > 1 and parts[1] not in (room, "__version__"):
            assert parts[1] in MAY_IMPORT[room], f"{room} must not import {name}"


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


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "ui").rglob("*.py")), ids=lambda p: p.relative_to(PACKAGE / "ui").as_posix()
)
def test_the_window_asks_no_table(path: Path) -> None:
    """It asks workflows, through `session.library` or in a job, or `session.state`, which is in memory."""
    below = "flowersorter.library."
    imported = {name.removeprefix(below) for name in imports_of(path) if name.startswith(below)}
    tables = {name for name in imported if name.split(".")[0] in {"tables", "database"}}
    tables = {name for name in tables if not name.startswith("tables.settings.") or name == "tables.settings.Settings"}
    assert tables == KNOWS_TABLES.get(path.relative_to(PACKAGE / "ui").as_posix(), set())
    asked = [
        f"line {node.lineno}: collection.{node.attr}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in TABLES
        and getattr(node.value, "attr", getattr(node.value, "id", "")).lstrip("_") == "collection"
    ]
    assert asked == []


def module_of(path: Path) -> str:
    """The name by which a file of the repository is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def names_defined_in(path: Path) -> set[str]:
    """What a module binds itself, at its top or in a conditional there, and does not import."""
    defined: set[str] = set()
    statements = list(ast.parse(path.read_text(encoding="utf-8")).body)
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


OWN_MODULES = {module_of(path): path for path in SOURCES if path.name != "__init__.py"}
DEFINED = {module: names_defined_in(path) for module, path in OWN_MODULES.items()}
EVERY_SOURCE = sorted(
    path for folder in ("flowersorter", "packaging", "tests") for path in (ROOT / folder).rglob("*.py")
)


def names_used_of(path: Path) -> Iterator[tuple[str, str]]:
    """(module of ours, name) for each name that a file takes from it: imported, or as `module.name`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
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


@pytest.mark.parametrize("path", EVERY_SOURCE, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_name_is_imported_from_the_module_that_defines_it(path: Path) -> None:
    """Only the `__init__.py` of a package may pass on what another module defines: it is the package's public API."""
    passed_on = [f"{module}.{name}" for module, name in names_used_of(path) if name not in DEFINED[module]]
    assert passed_on == [], "import these from the module that defines them"


def test_no_class_name_stands_twice() -> None:
    """A reader who looks for a public name finds one class."""
    files: dict[str, list[str]] = {}
    for module, path in OWN_MODULES.items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                files.setdefault(node.name, []).append(module)
    assert {name: modules for name, modules in files.items() if len(modules) > 1} == {}


@pytest.mark.parametrize(
    "folder",
    sorted({path.parent for path in SOURCES}),
    ids=lambda p: p.relative_to(ROOT).as_posix(),
)
def test_a_folder_is_small_enough_to_be_read_at_a_glance(folder: Path) -> None:
    """Counted are modules and packages; `__init__.py` is the folder itself, and what is no code is data."""
    siblings = {path.relative_to(folder).parts[0] for path in folder.rglob("*.py")} - {"__init__.py"}
    assert len(siblings) <= 18, f"{len(siblings)} siblings: find the groups among them"


def test_no_file_has_outgrown_its_job() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {str(path): n for path, n in lengths.items() if n > 400} == {}


def test_no_function_has_outgrown_its_job() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.end_lineno is not None
        and node.end_lineno - node.body[0].lineno + 1 > 60
    ]
    assert long == []


def functions_of(path: Path) -> Iterator[ast.FunctionDef]:
    """The functions at the top of a module."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            yield node


def annotation_of(argument: ast.arg) -> str:
    return "" if argument.annotation is None else ast.unparse(argument.annotation)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_nothing_at_module_level_remembers_a_collection(path: Path) -> None:
    """`workflows.engine.Engine` does, and goes with it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [name for name in imports_of(path) if name.startswith("weakref.Weak")], "a hidden registry"
    for node in tree.body:  # a constant of strings or numbers is no cache
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            text = ast.unparse(node)
            assert not any(name in text for name in ("CollectionStore", "Engine", "weakref.Weak")), text
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        cached = [
            each for each in map(ast.unparse, function.decorator_list) if "cache" in each and "property" not in each
        ]
        taken = {annotation_of(each) for each in function.args.posonlyargs + function.args.args}
        assert not cached or not taken & {"CollectionStore", "Engine"}, f"{function.name} caches by collection"


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "workflows").rglob("*.py")), ids=lambda p: p.relative_to(PACKAGE).as_posix()
)
def test_a_workflow_takes_the_engine_and_a_request(path: Path) -> None:
    """`verb(engine, request, report, cancel)`; the request is plain values, which hold no collection."""
    for function in functions_of(path):
        arguments = function.args.posonlyargs + function.args.args
        if not function.name.startswith("_") and any(annotation_of(each).endswith("Request") for each in arguments):
            assert (arguments[0].arg, annotation_of(arguments[0])) == ("engine", "Engine"), function.name
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name.endswith("Request"):
            fields = [ast.unparse(each.annotation) for each in node.body if isinstance(each, ast.AnnAssign)]
            assert not {"CollectionStore", "Engine"} & set(fields), node.name


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
