"""Packages the bundle for Windows: an installer for one person, by NSIS."""

from __future__ import annotations

from pathlib import Path

from installers.product import NAME, PACKAGING, Release, run, size_of


def build_installer(bundle: Path, release: Release, icons: Path, to: Path) -> Path:
    """Compile the installer.

    Raises:
        BuildError: `makensis` is not installed, or fails.
    """
    installer = to / f"{release.file_stem}-setup.exe"
    values = {
        "VERSION": release.version,
        "BUNDLE": bundle,
        "ICON": icons / f"{NAME}.ico",
        "OUTPUT": installer,
        "SIZE_KB": size_of(bundle) // 1024,
    }
    defined = [f"-D{name}={value}" for name, value in values.items()]
    run(["makensis", "-V2", "-WX", "-INPUTCHARSET", "UTF8", *defined, PACKAGING / "windows" / "installer.nsi"])
    return installer
