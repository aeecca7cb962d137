"""The files that systems read of the program: man page, desktop file, metainfo, installer, manifests."""

from __future__ import annotations

import configparser
import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from PIL import Image

from flowersorter.commands.shared.parser import make_parser, parse
from flowersorter.commands.verbs import VERBS
from flowersorter.photos.formats import PHOTO_SUFFIXES
from flowersorter.ui.desktop import published_names
from flowersorter.ui.desktop.published_names import APP_ID, WINGET_ID
from installers.linux import WATCH_UNIT, build_appimage, build_deb, write_share
from installers.man_page import commands_of, id_of, man_page, options_of
from installers.manifests import write_manifests
from installers.product import PACKAGING, ROOT, BuildError, Release, filled
from installers.windows import build_installer

RELEASE = Release("1.2.3", "2026-11-29", "https://example.org/flowersorter", "x86_64")
PAGE = man_page(RELEASE.version, RELEASE.date)


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def validated(*command: str | Path) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def share(tmp_path: Path) -> Path:
    icons = tmp_path / "icons"
    icons.mkdir()
    for name in ("FlowerSorter-64.png", "FlowerSorter-256.png"):
        Image.new("RGBA", (1, 1)).save(icons / name)
    write_share(tmp_path / "share", RELEASE, icons, PAGE)
    return tmp_path / "share"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    made = tmp_path / "bundle"
    (made / "_internal").mkdir(parents=True)
    (made / "flowersorter").write_text("#!/bin/sh\n")
    (made / "_internal" / "libxcb.so.1").write_bytes(b"library")
    return made


def test_the_man_page_has_every_command_and_option() -> None:
    plain = PAGE.replace("\\-", "-").replace("\\e", "\\")
    assert ".TH FLOWERSORTER 1 " in PAGE
    parser = make_parser()
    shared = {id_of(option) for option in options_of(parser)} | {"--json"}
    assert {name for name in shared if rf"\fB{name}\fR" not in plain} == set()
    commands = commands_of(parser)
    assert list(commands) == [verb.name for verb in VERBS]
    for name, command in commands.items():
        section = plain.split(f".SS flowersorter {name}", 1)[1].split("\n.S", 1)[0]
        options = {id_of(option) for option in options_of(command)} - shared
        assert {option for option in options if rf"\fB{option}\fR" not in section} == set()
    assert ".SH EXAMPLES" in PAGE
    assert "%(" not in PAGE
    assert "{{" not in PAGE


@needs("groff")
def test_the_man_page_is_clean_roff(tmp_path: Path) -> None:
    (tmp_path / "page.1").write_text(PAGE, encoding="utf-8")
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-Kutf8", "-ww", "-z", tmp_path / "page.1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if "break" not in line]) == (0, [])


def test_the_desktop_file_starts_the_program_and_opens_what_it_can_read(share: Path) -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(share / "applications" / f"{APP_ID}.desktop", encoding="utf-8")
    entry = parser["Desktop Entry"]
    assert entry["Exec"] == "flowersorter %F"
    assert entry["Icon"] == APP_ID
    kinds = {f".{kind.partition('/')[2]}" for kind in entry["MimeType"].split(";") if kind.startswith("image/")}
    assert kinds <= PHOTO_SUFFIXES
    assert "inode/directory" in entry["MimeType"].split(";")
    assert "setDesktopFileName(APP_ID)" in (ROOT / "flowersorter/app.py").read_text(encoding="utf-8")


def test_the_names_of_the_publisher_stand_in_one_file() -> None:
    own = Path(published_names.__file__)
    names = re.compile(rf"{re.escape(APP_ID)}|{re.escape(APP_ID.rpartition('.')[0])}\b|{re.escape(WINGET_ID)}")
    files = [path for folder in ("flowersorter", "packaging") for path in (ROOT / folder).rglob("*") if path.is_file()]
    assert [
        str(path)
        for path in files
        if path.suffix != ".pyc" and path != own and names.search(path.read_text(encoding="utf-8", errors="replace"))
    ] == []
    guide = (ROOT / "docs/packaging.md").read_text(encoding="utf-8")
    assert own.relative_to(ROOT).as_posix() in guide


@needs("desktop-file-validate")
def test_the_desktop_file_is_valid(share: Path) -> None:
    validated("desktop-file-validate", share / "applications" / f"{APP_ID}.desktop")


def test_the_metainfo_has_the_release_and_names_the_desktop_file(share: Path) -> None:
    root = ElementTree.parse(share / "metainfo" / f"{APP_ID}.metainfo.xml").getroot()
    assert root.findtext("id") == APP_ID
    assert root.findtext("launchable") == f"{APP_ID}.desktop"
    release = root.find("releases/release")
    assert release is not None
    assert (release.get("version"), release.get("date")) == ("1.2.3", "2026-11-29")


@needs("appstreamcli")
def test_the_metainfo_is_valid(share: Path) -> None:
    validated("appstreamcli", "validate", "--no-net", share / "metainfo" / f"{APP_ID}.metainfo.xml")


def test_the_icon_lies_where_desktops_look_for_it(share: Path) -> None:
    found = {path.relative_to(share / "icons/hicolor").as_posix() for path in (share / "icons").rglob(f"{APP_ID}.*")}
    assert found == {f"{folder}/apps/{APP_ID}.png" for folder in ("64x64", "256x256")} | {f"scalable/apps/{APP_ID}.svg"}


@needs("dpkg-deb")
def test_the_deb_holds_program_desktop_file_and_man_page(tmp_path: Path, share: Path, bundle: Path) -> None:
    package = build_deb(bundle, RELEASE, share.parent / "icons", PAGE, tmp_path / "work", tmp_path)
    assert package.name == "flowersorter_1.2.3_amd64.deb"
    unpacked = tmp_path / "unpacked"
    validated("dpkg-deb", "--raw-extract", package, unpacked)
    assert (unpacked / "usr/bin/flowersorter").resolve() == (unpacked / "usr/lib/flowersorter/flowersorter").resolve()
    assert (unpacked / "usr/share/applications" / f"{APP_ID}.desktop").is_file()
    assert (unpacked / "usr/share/man/man1/flowersorter.1.gz").is_file()
    assert "MIT License" in (unpacked / "usr/share/doc/flowersorter/copyright").read_text(encoding="utf-8")
    depends = re.search(r"^Depends: (.*)$", (unpacked / "DEBIAN/control").read_text(encoding="utf-8"), re.MULTILINE)
    assert depends is not None
    packages = depends[1].split(", ")
    assert "libegl1" in packages
    assert "libxcb1" not in packages  # the bundle has it


@needs("mksquashfs")
def test_the_appimage_is_the_runtime_and_the_program_behind_it(tmp_path: Path, share: Path, bundle: Path) -> None:
    runtime = tmp_path / "runtime"
    runtime.write_bytes(b"runtime")
    work = tmp_path / "work"
    work.mkdir()
    image = build_appimage(bundle, RELEASE, share.parent / "icons", PAGE, work, tmp_path, runtime)
    assert image.name == "FlowerSorter-1.2.3-x86_64.AppImage"
    assert image.read_bytes().startswith(b"runtimehsqs")  # a squashfs begins with these four letters
    assert os.access(image, os.X_OK)
    folder = work / "AppDir"
    assert (folder / "AppRun").resolve() == (folder / "usr/lib/flowersorter/flowersorter").resolve()
    assert (folder / f"{APP_ID}.desktop").is_file()


def test_without_its_runtime_there_is_no_appimage_and_the_reason_is_said(tmp_path: Path, bundle: Path) -> None:
    with pytest.raises(BuildError, match="runtime of AppImages is missing"):
        build_appimage(bundle, RELEASE, tmp_path, PAGE, tmp_path, tmp_path, None)


@needs("makensis")
def test_the_installer_of_windows_compiles(tmp_path: Path, bundle: Path) -> None:
    icons = tmp_path / "icons"
    icons.mkdir()
    Image.new("RGBA", (32, 32)).save(icons / "FlowerSorter.ico")
    installer = build_installer(bundle, RELEASE, icons, tmp_path)
    assert installer.read_bytes()[:2] == b"MZ"


def test_the_installer_of_windows_removes_nothing_but_the_program() -> None:
    script = (PACKAGING / "windows/installer.nsi").read_text(encoding="utf-8")
    assert re.findall(r"^ *RMDir /r (.*)$", script, re.MULTILINE) == [r'"$INSTDIR\_internal"', r'"$INSTDIR\licences"']


def test_the_manifests_name_the_files_of_the_release(tmp_path: Path) -> None:
    files = {
        name: name.encode()
        for name in (
            "FlowerSorter-1.2.3-amd64-setup.exe",
            "FlowerSorter-1.2.3-arm64.dmg",
            "flowersorter_1.2.3_amd64.deb",
            "flowersorter_1.2.3_arm64.deb",
        )
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    made = {path.suffix if path.suffix != ".yaml" else path.name: path for path in write_manifests(tmp_path, RELEASE)}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    where = "https://example.org/flowersorter/releases/download/v1.2.3/"

    winget = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (tmp_path / "winget").iterdir()]
    assert {each["ManifestType"] for each in winget} == {"version", "installer", "defaultLocale"}
    assert {(each["PackageIdentifier"], each["PackageVersion"]) for each in winget} == {(WINGET_ID, "1.2.3")}
    (installer,) = next(each for each in winget if each["ManifestType"] == "installer")["Installers"]
    setup = "FlowerSorter-1.2.3-amd64-setup.exe"
    assert (installer["InstallerUrl"], installer["InstallerSha256"]) == (where + setup, sums[setup])

    flathub = json.loads(made[".json"].read_text(encoding="utf-8"))
    assert flathub["id"] == APP_ID
    assert {source["url"].removeprefix(where): source["sha256"] for source in flathub["modules"][0]["sources"]} == {
        name: digest for name, digest in sums.items() if name.endswith(".deb")
    }
    cask = made[".rb"].read_text(encoding="utf-8")
    assert sums["FlowerSorter-1.2.3-arm64.dmg"] in cask
    assert cask.count("do\n") == cask.count("end\n")


def test_manifests_of_an_incomplete_release_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"setup\.exe"):
        write_manifests(tmp_path, RELEASE)


def test_a_template_without_its_value_is_refused() -> None:
    with pytest.raises(BuildError, match="DATE"):
        filled("@VERSION@ of @DATE@", {"VERSION": "1"})


def test_the_service_watches_with_a_command_that_the_program_knows() -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(ROOT / "packaging" / "linux" / WATCH_UNIT, encoding="utf-8")
    start = parser["Service"]["ExecStart"].removeprefix("/usr/bin/env flowersorter ")
    words = start.replace("${FOLDER}", "photos").replace("${DEST}", "sorted").replace("$OPTIONS", "--only-sure").split()
    options = parse(words)
    assert (options.verb, options.folders, options.to) == ("watch", [Path("photos")], Path("sorted"))
    assert options.only_sure
    assert parser["Install"]["WantedBy"] == "default.target"
