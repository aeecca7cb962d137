"""What the documents of the project name is there: files, names in them, system packages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.sources import PACKAGE, ROOT, SOURCES, names_defined_in

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FOLDERS = sorted({path.parent.relative_to(PACKAGE).as_posix() for path in SOURCES} - {"."})
PATHS = sorted(set(re.findall(r"`([\w./-]+(?:\.py|\.md|\.ya?ml|/))`", CONTRIBUTING)))
#: "`file` (`name`, `name`)"
NAMES = sorted(re.findall(r"`([\w./]+\.py)`\s\(((?:`\w+`(?:,\s)?)+)\)", CONTRIBUTING))


def found(path: str) -> list[Path]:
    """Where a path in CONTRIBUTING may lie: in the package, or in the project."""
    return [base / path for base in (PACKAGE, ROOT) if (base / path).exists()]


@pytest.mark.parametrize("path", PATHS)
def test_a_file_named_in_contributing_exists(path: str) -> None:
    assert found(path)


@pytest.mark.parametrize(("path", "names"), NAMES)
def test_a_name_in_contributing_is_defined_in_its_file(path: str, names: str) -> None:
    assert set(re.findall(r"`(\w+)`", names)) <= names_defined_in(found(path)[0])


@pytest.mark.parametrize("folder", FOLDERS)
def test_contributing_has_a_line_for_every_folder(folder: str) -> None:
    assert re.search(rf"^    {folder}/ +\S", CONTRIBUTING, re.MULTILINE)


def test_the_package_states_the_pythons_that_ci_runs() -> None:
    stated = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    run = re.search(r"python: \[(.*)\]", (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    assert run is not None
    assert re.findall(r"3\.\d+", run.group(1)) == stated


def test_ci_installs_the_system_packages_that_readme_names() -> None:
    workflow, readme = (
        set(re.findall(r"\blib[\w.+-]+", (ROOT / name).read_text(encoding="utf-8").split("apt", 1)[1].split("\n\n")[0]))
        for name in (".github/workflows/ci.yml", "README.md")
    )
    assert readme
    assert workflow >= readme


def test_the_lock_file_is_that_of_the_project() -> None:
    """`uv lock` was run after the requirements had changed."""
    locked = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    (own,) = (each for each in locked["package"] if each["name"] == "flowersorter")
    in_lock = {
        (each["name"], SpecifierSet(each["specifier"]), _extra(each.get("marker", "")))
        for each in own["metadata"]["requires-dist"]
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [("", project["dependencies"]), *project["optional-dependencies"].items()]
    assert in_lock == {
        (required.name, required.specifier, extra) for extra, texts in wanted for required in map(Requirement, texts)
    }
    assert locked["requires-python"] == project["requires-python"]


def _extra(marker: str) -> str:
    found = re.search(r"extra == '(\w+)'", marker)
    return found[1] if found else ""
