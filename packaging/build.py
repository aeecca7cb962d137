"""Builds the packages of the system it runs on.

    python packaging/build.py                           # everything for this system, into dist/
    python packaging/build.py --environment DIR         # the same, with what is installed in that environment
    python packaging/build.py --appimage-runtime FILE   # on Linux, the AppImage too
    python packaging/build.py --manifests FOLDER        # only those of winget, Homebrew and Flathub, for a release

Linux gets a .deb and an AppImage, Windows an installer, macOS a disk image; docs/packaging.md says what each needs.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from installers import linux, macos, windows
from installers.manifests import write_manifests
from installers.product import (
    COMMAND,
    NAME,
    PACKAGING,
    ROOT,
    BuildError,
    Release,
    is_windows,
    run,
    size_of,
    this_release,
)

#: The goals for people with ordinary connections and disks.
MAX_DOWNLOAD_BYTES, MAX_INSTALLED_BYTES = 280_000_000, 830_000_000


@dataclass(frozen=True, slots=True)
class Build:
    """One run of this script.

    Attributes:
        release: What is built.
        python: The Python of the environment that goes into the bundle.
        work: For files in between.
        to: For the files that are published.
        appimage_runtime: The file at the beginning of an AppImage; None where it is not there.
    """

    release: Release
    python: Path
    work: Path
    to: Path
    appimage_runtime: Path | None = None

    @property
    def icons(self) -> Path:
        """The folder with the icon in all sizes and formats."""
        return self.work / "icons"

    @property
    def bundle(self) -> Path:
        """The folder with the program and all it needs."""
        return self.work / "bundle" / NAME

    def run_here(self, *arguments: str | Path) -> None:
        """Run a module of `packaging/` or PyInstaller with the environment's Python."""
        # Not in the project, whose package would be taken instead of the one that is installed.
        run([self.python, *arguments], self.work, PYTHONPATH=str(PACKAGING), FLOWERSORTER_WORK=str(self.work))


def make_environment(folder: Path) -> Path:
    """Install the program and what builds it into a new environment; returns its Python."""
    venv.create(folder, clear=True, with_pip=True)
    python = python_of(folder)
    requirements = PACKAGING / "requirements.txt"
    run([python, "-m", "pip", "install", "--quiet", "--retries", "1", ROOT, "-r", requirements])
    return python


def python_of(environment: Path) -> Path:
    """The Python of a virtual environment."""
    return environment / ("Scripts/python.exe" if is_windows() else "bin/python")


def make_bundle(build: Build) -> None:
    """Make the folder with the program, and the list of licences in it; try the program."""
    build.run_here("-m", "installers.icons", ROOT / "resources/icons/app.svg", build.icons, NAME)
    folders: list[str | Path] = ["--distpath", build.bundle.parent, "--workpath", build.work / "pyinstaller"]
    build.run_here("-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", *folders, PACKAGING / "flowersorter.spec")
    build.run_here("-m", "installers.licences", build.bundle, build.work / "origins.tsv")
    run([build.bundle / program_name(), "--version"])


def program_name() -> str:
    """The file of the program that works in a terminal."""
    return {"linux": COMMAND, "win32": f"{COMMAND}-cli.exe"}.get(sys.platform, f"{COMMAND}-cli")


def man_page(build: Build) -> str:
    """The man page in roff, made by the environment's Python."""
    file = build.work / "flowersorter.1"
    build.run_here("-m", "installers.man_page", build.release.version, build.release.date, file)
    return file.read_text(encoding="utf-8")


def packages_for_linux(build: Build) -> list[Path]:
    """Make the .deb and, where its runtime is there, the AppImage."""
    page = man_page(build)
    made = [linux.build_deb(build.bundle, build.release, build.icons, page, build.work, build.to)]
    try:
        made.append(
            linux.build_appimage(
                build.bundle, build.release, build.icons, page, build.work, build.to, build.appimage_runtime
            )
        )
    except BuildError as reason:
        print(f"No AppImage: {reason}.")
    return made


def packages_for_windows(build: Build) -> list[Path]:
    """Make the installer."""
    return [windows.build_installer(build.bundle, build.release, build.icons, build.to)]


def packages_for_macos(build: Build) -> list[Path]:
    """Make the disk image."""
    application = build.bundle.with_suffix(".app")
    licences = application / "Contents/Resources/licences"
    shutil.rmtree(licences, ignore_errors=True)
    shutil.copytree(build.bundle / "licences", licences)
    return [macos.build_disk_image(application, build.release, build.work, build.to)]


_PACKAGES: dict[str, Callable[[Build], list[Path]]] = {
    "linux": packages_for_linux,
    "win32": packages_for_windows,
    "darwin": packages_for_macos,
}


def report(build: Build, made: list[Path]) -> None:
    """Print the sizes, and write the checksums of the files.

    Raises:
        BuildError: a file is larger than the goal.
    """
    installed = size_of(build.bundle)
    print(f"{installed / 1e6:.0f} MB on disk, the goal is {MAX_INSTALLED_BYTES / 1e6:.0f} MB")
    too_large = ["the bundle"] if installed > MAX_INSTALLED_BYTES else []
    lines: list[str] = []
    for file in made:
        size = file.stat().st_size
        print(f"{size / 1e6:.0f} MB to download, the goal is {MAX_DOWNLOAD_BYTES / 1e6:.0f} MB: {file}")
        too_large += [file.name] if size > MAX_DOWNLOAD_BYTES and file.suffix != ".AppImage" else []
        with file.open("rb") as content:
            lines.append(f"{hashlib.file_digest(content, 'sha256').hexdigest()}  {file.name}\n")
    (build.to / f"{build.release.file_stem}.sha256").write_text("".join(lines), encoding="utf-8", newline="\n")
    if too_large:
        raise BuildError(f"Larger than the goal: {', '.join(too_large)}.")


def main() -> int:
    """Build everything; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environment", type=Path, metavar="DIR", help="a virtual environment that has everything")
    parser.add_argument("--work", type=Path, default=ROOT / "build", metavar="DIR", help="for files in between")
    parser.add_argument("--to", type=Path, default=ROOT / "dist", metavar="DIR", help="for the finished files")
    parser.add_argument("--appimage-runtime", type=Path, metavar="FILE", help="the runtime of AppImages")
    parser.add_argument("--manifests", type=Path, metavar="FOLDER", help="write the manifests for its files, and end")
    options = parser.parse_args()
    try:
        if options.manifests:
            for file in write_manifests(options.manifests, this_release()):
                print(file)
            return 0
        work, to = options.work.absolute(), options.to.absolute()
        for folder in (work, to):
            folder.mkdir(parents=True, exist_ok=True)
        environment = options.environment
        python = python_of(environment.absolute()) if environment else make_environment(work / "environment")
        build = Build(this_release(), python, work, to, options.appimage_runtime)
        make_bundle(build)
        report(build, _PACKAGES[sys.platform](build))
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
