"""Lists the licence of every file in a bundle, with its text.

python -m installers.licences BUNDLE ORIGINS      writes BUNDLE/licences; fails where a file has no known owner
python -m installers.licences --check BUNDLE      fails where a file of the bundle is not in the list
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path

from installers.product import PACKAGING, ROOT, BuildError

FOLDER = "licences"
INDEX, FILES = "INDEX.txt", "files.tsv"
OWN = "FlowerSorter"
_TEXTS = PACKAGING / "licences"
_IS_LICENCE = re.compile(r"(licen[cs]e|copying|notice|third.?party|authors|copyright)", re.IGNORECASE)
_UNSAFE = re.compile(r"[^\w.+-]")
_NOT_A_TEXT = (".py", ".pyc", ".so", ".h", ".json", ".pyi")
#: Texts that wheels lack though their libraries are under them: by distribution, files of `packaging/licences`.
MISSING_TEXTS: Mapping[str, tuple[str, ...]] = {
    "pillow_heif": ("LGPL-3.0.txt", "GPL-3.0.txt", "libheif.txt"),
    "pylibjxl": ("JPEG-XL.txt",),
    "pyside6_essentials": ("Qt.txt", "LGPL-3.0.txt", "GPL-3.0.txt"),
    "rawpy": ("LibRaw.txt", "GPL-3.0.txt"),
    "shiboken6": ("LGPL-3.0.txt", "GPL-3.0.txt"),
}
#: Software inside the libraries of a distribution, whose texts hold its licence too: by distribution, name and licence.
INSIDE: Mapping[str, Mapping[str, str]] = {
    "openvino": {
        "oneDNN": "Apache-2.0",
        "oneTBB": "Apache-2.0",
        "XByak": "BSD-3-Clause",
        "ITT": "BSD-3-Clause",
        "hwloc": "BSD-3-Clause",
        "pugixml": "MIT",
    },
    "pylibjxl": {
        "libjxl": "BSD-3-Clause",
        "Highway": "BSD-3-Clause",
        "skcms": "BSD-3-Clause",
        "libjpeg-turbo": "IJG AND BSD-3-Clause",
        "Brotli": "MIT",
    },
    "rawpy": {
        "LibRaw": "LGPL-2.1",
        "JasPer": "JasPer-2.0",
        "Little CMS": "MIT",
        "libjpeg-turbo": "IJG AND BSD-3-Clause",
        "libgomp": "GPL-3.0-or-later WITH GCC-exception-3.1",
    },
}
_INTRODUCTION = """\
FlowerSorter itself is under the MIT licence (FlowerSorter.txt). It is built with the software below; the file named
beside each holds its licence. files.tsv says for every file of this program what it belongs to.

Libraries under the LGPL (Qt, PySide6, Shiboken, libheif, libde265, LibRaw) are separate files that the program loads
when it runs. Each may be replaced by another build of the same version that has the same name; nothing checks them.
Their source code is published at https://download.qt.io/official_releases/QtForPython/,
https://github.com/strukturag/libheif, https://github.com/strukturag/libde265 and https://www.libraw.org/download.
"""


@dataclass(slots=True)
class Component:
    """Software in the bundle.

    Attributes:
        name: Its name.
        version: Its version; "" where the system's package says none.
        licence: An SPDX expression, or as its authors call it, with those of `INSIDE`.
        texts: The licence and notices, in full.
        files: Paths in the bundle.
    """

    name: str
    version: str
    licence: str
    texts: list[str]
    files: list[str] = field(default_factory=list)


def components_of(origins: Iterable[tuple[str, Path]]) -> list[Component]:
    """Find what every file of a bundle belongs to.

    Args:
        origins: Path in the bundle and file on this computer.

    Raises:
        BuildError: a file belongs to nothing that is known, or something has no licence text.
    """
    owners = _owners()
    found: dict[str, Component] = {}
    strangers: list[str] = []
    for place, source in origins:
        owner = owners.get(str(source)) or owners.get(str(source.resolve())) or _other_owner(source)
        if owner is None:
            strangers.append(f"{place} ({source})")
            continue
        if owner not in found:
            found[owner] = _component(owner)
        found[owner].files.append(place)
    if strangers:
        raise BuildError("Whose licence holds for these files? " + ", ".join(sorted(strangers)))
    nameless = sorted(each.name for each in found.values() if not "".join(each.texts).strip())
    if nameless:
        raise BuildError(f"No licence text was found for {', '.join(nameless)}; add it to packaging/licences.")
    return sorted(found.values(), key=lambda each: each.name.lower())


def write_list(bundle: Path, components: Iterable[Component]) -> None:
    """Write the folder with the list and the texts."""
    folder = bundle / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    lines, files = [_INTRODUCTION], list[str]()
    for each in components:
        name = _UNSAFE.sub("_", each.name) + ".txt"
        (folder / name).write_text("\n\n----\n\n".join(dict.fromkeys(each.texts)) + "\n", encoding="utf-8")
        lines.append(f"{each.name} {each.version}\n    {each.licence}\n    {name}\n")
        files += [f"{place}\t{each.name}" for place in each.files]
    (folder / INDEX).write_text("\n".join(lines), encoding="utf-8")
    (folder / FILES).write_text("\n".join(sorted(files)) + "\n", encoding="utf-8")


def check_list(bundle: Path) -> None:
    """Make sure that the list is complete.

    Raises:
        BuildError: a library is missing in it, a text is missing or empty, or the GPL's encoder is in the bundle.
    """
    folder = bundle / FOLDER
    try:
        rows = [line.split("\t") for line in (folder / FILES).read_text(encoding="utf-8").splitlines()]
        index = (folder / INDEX).read_text(encoding="utf-8")
    except OSError as error:
        raise BuildError(f"The bundle has no list of licences: {error}.") from error
    listed = {Path(place).name for place, _ in rows}
    missing = sorted(path.name for path in libraries_of(bundle) if path.name not in listed)
    if missing:
        raise BuildError(f"The list of licences lacks {', '.join(missing)}.")
    for name in {owner for _, owner in rows}:
        entry = re.search(rf"^{re.escape(name)} .*\n    .*\n    (.+)$", index, re.MULTILINE)
        if entry is None or not (folder / entry[1]).is_file() or not (folder / entry[1]).stat().st_size:
            raise BuildError(f"The text of the licence of {name} is missing.")
    encoders = [path for path in libraries_of(bundle) if b"x265_encoder_open" in path.read_bytes()]
    if encoders:
        raise BuildError(f"{encoders[0].name} is an encoder under the GPL.")


def libraries_of(bundle: Path) -> Iterator[Path]:
    """The shared libraries and programs of a bundle."""
    for path in sorted(bundle.rglob("*")):
        if path.is_file() and not path.is_symlink() and re.search(r"\.(so|dll|dylib|pyd)(\.|$)", path.name):
            yield path


@cache
def _owners() -> dict[str, str]:
    """The distribution of every installed file, by its path.

    `Distribution.files` makes an object for each of 100,000 files, which takes ten seconds.
    """
    owners: dict[str, str] = {}
    for distribution in metadata.distributions():
        name, folder = distribution.metadata["Name"], str(distribution.locate_file(""))
        for row in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
            owners[os.path.join(folder, *row[0].split("/"))] = OWN if name == "flowersorter" else name  # noqa: PTH118 - for the same reason
    return owners


def _other_owner(source: Path) -> str | None:
    """What a file belongs to that no distribution has: Python, this project, or a package of the system."""
    path = source.resolve()
    if path.is_relative_to(ROOT) or "no_encoder" in path.parts:
        return OWN
    standard = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")}
    base = Path(sys.base_prefix).resolve()
    if any(map(path.is_relative_to, standard)) or (base != Path("/usr") and path.is_relative_to(base)):
        return "Python"
    if path.name.startswith("base_library"):
        return "Python"
    return _system_package(source)


def _system_package(source: Path) -> str | None:
    """The Debian package that a file came from, as "deb:NAME"."""
    if shutil.which("dpkg-query") is None:
        return None
    for path in dict.fromkeys((source, source.resolve(), Path(str(source).removeprefix("/usr")))):
        done = subprocess.run(["dpkg-query", "-S", str(path)], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return f"deb:{done.stdout.partition(':')[0]}"
    return None


def _component(owner: str) -> Component:
    """The licence of an owner and its texts."""
    if owner == OWN:
        texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("LICENSE", "NOTICE")]
        return Component(OWN, metadata.version("flowersorter"), "MIT", texts)
    if owner == "Python":
        return Component("Python", sys.version.split()[0], "PSF-2.0", _python_texts())
    if owner.startswith("deb:"):
        return _system_component(owner.removeprefix("deb:"))
    return _distribution_component(metadata.distribution(owner))


def _python_texts() -> list[str]:
    """Python's licence, which also names the libraries that it includes."""
    folders = (Path(sys.base_prefix), Path(sysconfig.get_path("stdlib")))
    files = [folder / name for folder in folders for name in ("LICENSE.txt", "LICENSE")]
    return [next((file.read_text(encoding="utf-8") for file in files if file.is_file()), "")]


def _system_component(package: str) -> Component:
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False
    )
    file = Path("/usr/share/doc") / package / "copyright"
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    names = dict.fromkeys(re.findall(r"^License: *(\S.*)$", text, re.MULTILINE))
    common = {Path(found) for found in re.findall(r"/usr/share/common-licenses/[\w.+-]*[\w+-]", text)}
    texts = [text, *(path.read_text(encoding="utf-8") for path in sorted(common) if path.is_file())]
    return Component(package, done.stdout.strip(), " AND ".join(names) or "see the text", texts)


def _distribution_component(distribution: metadata.Distribution) -> Component:
    notes = distribution.metadata
    name = notes["Name"]
    classified = [each.rpartition(" :: ")[2] for each in notes.get_all("Classifier", []) if each.startswith("License")]
    stated = [*notes.get_all("License-Expression", []), *notes.get_all("License", [])]
    licence = stated[0] if stated else " AND ".join(classified)
    texts = list(_own_texts(distribution))
    key = re.sub(r"[-.]", "_", name).lower()
    texts += [(_TEXTS / file).read_text(encoding="utf-8") for file in MISSING_TEXTS.get(key, ())]
    licence = (licence or "see the text").splitlines()[0] + _inside(key, texts)
    return Component(name, distribution.version, licence, texts)


def _inside(key: str, texts: Iterable[str]) -> str:
    """The software inside a distribution's libraries, for its line of the list.

    Raises:
        BuildError: the distribution's texts do not name one of them.
    """
    parts, everything = INSIDE.get(key, {}), "".join(texts)
    unnamed = [name for name in parts if name not in everything]
    if unnamed:
        raise BuildError(f"The texts of {key} do not name {', '.join(unnamed)}, which is inside it.")
    listed = ", ".join(f"{name} ({licence})" for name, licence in parts.items())
    return f"; inside: {listed}" if listed else ""


def _own_texts(distribution: metadata.Distribution) -> Iterator[str]:
    """The licences and notices that a distribution carries, at its top or among its metadata."""
    for file in distribution.files or ():
        inside = ".dist-info" in file.parts[0]
        if not _IS_LICENCE.search("/".join(file.parts[1:]) if inside else file.name) or file.suffix in _NOT_A_TEXT:
            continue
        path = Path(str(distribution.locate_file(file)))
        if (inside or len(file.parts) <= 2) and path.is_file():
            yield f"{file}\n\n{path.read_text(encoding='utf-8', errors='replace')}"


def _read_origins(file: Path) -> list[tuple[str, Path]]:
    rows = (line.split("\t") for line in file.read_text(encoding="utf-8").splitlines())
    return [(place, Path(source)) for place, source in rows]


def main() -> int:
    """Write or check the list; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("origins", type=Path, nargs="?")
    options = parser.parse_args()
    try:
        if not options.check:
            components = components_of(_read_origins(options.origins))
            write_list(options.bundle, components)
            print(f"{len(components)} components with their licences")
        check_list(options.bundle)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
