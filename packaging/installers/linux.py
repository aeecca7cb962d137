"""Packages the bundle for Linux: a .deb and an AppImage."""

from __future__ import annotations

import gzip
import os
import platform
import shutil
from pathlib import Path

from flowersorter.ui.desktop.display_check import PACKAGES
from flowersorter.ui.desktop.published_names import APP_ID
from installers.product import COMMAND, NAME, PACKAGING, ROOT, BuildError, Release, filled, run, size_of

WATCH_UNIT = f"{COMMAND}-watch@.service"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
#: On libtorch_cpu, 17 takes twice the time of 15 for 6 % less, 19 three times for 9 %.
_ZSTD_LEVEL = 17
_CONTROL = """\
Package: flowersorter
Version: @VERSION@
Architecture: @ARCHITECTURE@
Maintainer: The FlowerSorter authors <@HOMEPAGE@>
Installed-Size: @SIZE_KB@
Depends: @DEPENDS@
Section: graphics
Priority: optional
Homepage: @HOMEPAGE@
Description: sort photos into class folders
 FlowerSorter suggests a class for every photo of a folder, learns from your
 corrections, and sorts the photos into class folders. It works offline, and
 nothing on disk changes until you say so.
"""
_COPYRIGHT = """\
FlowerSorter is under the MIT licence, which follows. It includes other
software, Python and the libraries it uses: /usr/lib/flowersorter/licences has
the list and the texts.

"""


def write_share(share: Path, release: Release, icons: Path, man_page: str) -> None:
    """Write what a desktop reads of a program into a folder like /usr/share."""
    for suffix, folder in ((".desktop", "applications"), (".metainfo.xml", "metainfo")):
        text = (PACKAGING / "linux" / f"{COMMAND}{suffix}").read_text(encoding="utf-8")
        _write(share / folder / f"{APP_ID}{suffix}", filled(text, release.values))
    _write(share / "icons/hicolor/scalable/apps" / f"{APP_ID}.svg", _icon().read_text(encoding="utf-8"))
    for picture in icons.glob(f"{NAME}-*.png"):
        side = picture.stem.rpartition("-")[2]
        place = share / f"icons/hicolor/{side}x{side}/apps/{APP_ID}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, place)
    _write_compressed(share / f"man/man1/{COMMAND}.1.gz", man_page)


def build_deb(bundle: Path, release: Release, icons: Path, man_page: str, work: Path, to: Path) -> Path:
    """Make the .deb.

    Raises:
        BuildError: `dpkg-deb` is not installed, or fails.
    """
    root = _staged(work / "deb", bundle)
    write_share(root / "usr/share", release, icons, man_page)
    (root / "usr/bin").mkdir()
    (root / "usr/bin" / COMMAND).symlink_to(f"../lib/{COMMAND}/{COMMAND}")
    _write(root / "usr/lib/systemd/user" / WATCH_UNIT, (PACKAGING / "linux" / WATCH_UNIT).read_text(encoding="utf-8"))
    documents = root / "usr/share/doc" / COMMAND
    _write(documents / "copyright", _COPYRIGHT + (ROOT / "LICENSE").read_text(encoding="utf-8"))
    _write_compressed(documents / "changelog.gz", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    values = release.values | {
        "ARCHITECTURE": _ARCHITECTURES[release.machine],
        "SIZE_KB": str(size_of(root) // 1024),
        "DEPENDS": ", ".join(dependencies(bundle)),
    }
    _write(root / "DEBIAN/control", filled(_CONTROL, values))
    package = to / f"{COMMAND}_{release.version}_{values['ARCHITECTURE']}.deb"
    compression = ["-Zzstd", f"-z{_ZSTD_LEVEL}"]
    run(["dpkg-deb", "--root-owner-group", *compression, "--build", root, package])
    return package


def build_appimage(
    bundle: Path, release: Release, icons: Path, man_page: str, work: Path, to: Path, runtime: Path | None
) -> Path:
    """Make the AppImage: the runtime, followed by a squashfs of the program.

    Args:
        bundle: What PyInstaller made.
        release: What is built.
        icons: PNG files.
        man_page: In roff.
        work: For files in between.
        to: For the AppImage.
        runtime: The program at the beginning of every AppImage, which mounts the rest.

    Raises:
        BuildError: the runtime or `mksquashfs` is missing.
    """
    if runtime is None or not runtime.is_file():
        raise BuildError("the runtime of AppImages is missing; --appimage-runtime names its file")
    if shutil.which("mksquashfs") is None:
        raise BuildError("mksquashfs is not installed (Debian: squashfs-tools)")
    root = _staged(work / "AppDir", bundle)
    write_share(root / "usr/share", release, icons, man_page)
    (root / "AppRun").symlink_to(f"usr/lib/{COMMAND}/{COMMAND}")
    (root / f"{APP_ID}.desktop").symlink_to(f"usr/share/applications/{APP_ID}.desktop")
    for name in (f"{APP_ID}.png", ".DirIcon"):
        shutil.copyfile(icons / f"{NAME}-256.png", root / name)
    pressed = work / "program.squashfs"
    pressed.unlink(missing_ok=True)
    run(["mksquashfs", root, pressed, "-comp", "zstd", "-Xcompression-level", "19", "-root-owned", "-noappend"])
    image = to / f"{release.file_stem}.AppImage"
    with image.open("wb") as file:
        for part in (runtime, pressed):
            with part.open("rb") as source:
                shutil.copyfileobj(source, file)
    image.chmod(0o755)
    pressed.unlink()
    return image


def dependencies(bundle: Path) -> list[str]:
    """The Debian packages with the libraries that the window needs and the bundle leaves to the system."""
    inside = {path.name for path in bundle.rglob("*.so*")}
    names = {package for library, package in PACKAGES.items() if library not in inside}
    return [f"libc6 (>= {platform.libc_ver()[1]})", *sorted(names)]


def _staged(root: Path, bundle: Path) -> Path:
    """Make a new folder with the bundle in it; its files are links, not copies."""
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(bundle, root / "usr/lib" / COMMAND, symlinks=True, copy_function=os.link)
    return root


def _icon() -> Path:
    return ROOT / "resources/icons/app.svg"


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _write_compressed(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
