"""Names of the product, and the templates that are filled with them."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flowersorter.ui.desktop.published_names import APP_ID, WINGET_ID

PACKAGING = Path(__file__).resolve().parents[1]
ROOT = PACKAGING.parent
NAME, COMMAND = "FlowerSorter", "flowersorter"
#: The homepage of a build that is published nowhere, on a domain that is reserved for examples.
_NO_HOMEPAGE = "https://flowersorter.example"
_PLACEHOLDER = re.compile(r"@([A-Z0-9_]+)@")


class BuildError(Exception):
    """A step that cannot be done: one sentence for the person who builds."""


@dataclass(frozen=True, slots=True)
class Release:
    """What is built.

    Attributes:
        version: Of pyproject.toml.
        date: Of the build, ISO 8601.
        homepage: Where it is published.
        machine: The processor, as the system calls it: "x86_64", "aarch64", "AMD64", "arm64".
    """

    version: str
    date: str
    homepage: str
    machine: str

    @property
    def file_stem(self) -> str:
        """The first part of the name of every file that is published."""
        return f"{NAME}-{self.version}-{self.machine.lower()}"

    @property
    def values(self) -> dict[str, str]:
        """The values that every template may name."""
        return {
            "VERSION": self.version,
            "DATE": self.date,
            "HOMEPAGE": self.homepage,
            "APP_ID": APP_ID,
            "DEVELOPER_ID": APP_ID.rpartition(".")[0],
            "WINGET_ID": WINGET_ID,
        }

    def download(self, file: str) -> str:
        """The address of a published file."""
        return f"{self.homepage}/releases/download/v{self.version}/{file}"


def this_release() -> Release:
    """Read what is built from the project and the environment; SOURCE_DATE_EPOCH sets the date."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    repository, server = (os.environ.get(name) for name in ("GITHUB_REPOSITORY", "GITHUB_SERVER_URL"))
    homepage = f"{server}/{repository}" if server and repository else _NO_HOMEPAGE
    return Release(version, now.date().isoformat(), homepage, platform.machine())


def filled(template: str, values: Mapping[str, str]) -> str:
    """Put values in the place of ``@NAME@``.

    Raises:
        BuildError: the template names a value that is not there.
    """
    missing = sorted(set(_PLACEHOLDER.findall(template)) - set(values))
    if missing:
        raise BuildError(f"A template names {', '.join(missing)}, which has no value.")
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)


def run(command: Sequence[str | Path], folder: Path | None = None, **environment: str) -> None:
    """Run a program and show it.

    Args:
        command: The program and its arguments.
        folder: Where it runs.
        environment: Added to that of this process.

    Raises:
        BuildError: it is not there, or fails.
    """
    words = [str(word) for word in command]
    print("+", *words, flush=True)
    try:
        subprocess.run(words, check=True, cwd=folder, env={**os.environ, **environment})
    except FileNotFoundError as error:
        raise BuildError(f"{words[0]} is not installed.") from error
    except subprocess.CalledProcessError as error:
        raise BuildError(f"{words[0]} failed with exit status {error.returncode}.") from error


def size_of(folder: Path) -> int:
    """Bytes of all files of a folder, each counted once."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def is_windows() -> bool:
    """Whether this is Windows."""
    return sys.platform == "win32"
