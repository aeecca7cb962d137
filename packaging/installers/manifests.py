"""Fills the manifests of winget, Homebrew and Flathub with the files of a release.

python packaging/build.py --manifests FOLDER      FOLDER has the files that were built on all systems
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from flowersorter.ui.desktop.published_names import APP_ID, WINGET_ID
from installers.product import PACKAGING, BuildError, Release, filled

#: The file of a release by the name that the manifests have for it.
_PUBLISHED = {
    "WINDOWS": "FlowerSorter-{version}-amd64-setup.exe",
    "MACOS": "FlowerSorter-{version}-arm64.dmg",
    "DEB_AMD64": "flowersorter_{version}_amd64.deb",
    "DEB_ARM64": "flowersorter_{version}_arm64.deb",
}
_WINGET_FILES = ("", ".installer", ".locale.en-US")


def write_manifests(files: Path, release: Release) -> list[Path]:
    """Write the manifests beside the files of a release.

    Raises:
        BuildError: one of the files is missing.
    """
    values = _values(files, release)
    made: list[Path] = []
    parts = filled(_template("winget.yaml"), values).split("---\n")
    for part, suffix in zip(parts, _WINGET_FILES, strict=True):
        made.append(_written(files / "winget" / f"{WINGET_ID}{suffix}.yaml", part))
    made.append(_written(files / "homebrew" / "flowersorter.rb", filled(_template("homebrew.rb"), values)))
    made.append(_written(files / "flathub" / f"{APP_ID}.json", filled(_template("flathub.json"), values)))
    return made


def _values(files: Path, release: Release) -> Mapping[str, str]:
    values = release.values
    for key, pattern in _PUBLISHED.items():
        name = pattern.format(version=release.version)
        try:
            digest = hashlib.sha256((files / name).read_bytes()).hexdigest()
        except OSError as error:
            raise BuildError(f"The manifests need {name}: {error.strerror}.") from error
        values |= {f"{key}_URL": release.download(name), f"{key}_SHA256": digest}
    return values


def _template(name: str) -> str:
    return (PACKAGING / "manifests" / name).read_text(encoding="utf-8")


def _written(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file
