"""Two other programs read what this one writes, with 1,000 hostile names; where they are not installed, nobody does."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from flowersorter.errors import ClassRefused
from flowersorter.library.tables.class_names import class_name_of_folder, validated_name
from flowersorter.photos.xmp.document import read_document
from flowersorter.photos.xmp.keywords import NO_ENTRIES, Entries, Field, entries_of, named_keywords
from flowersorter.photos.xmp.splice import Merged, merged
from tests.unit.photos.xmp_documents import DOCUMENTS, ENCODINGS, encoded

_PARTS = (
    *("<", ">", "&", "&amp;", "'", '"', "]]>", "<![CDATA[", "<!--", "-->", "<?x?>", "&#0;", "&#x1F;", "%s"),
    *("{0}", "$x", "/", "|", "\\", ",", ", ", ";", ":", "*", "?", "=", "#", "`", "~a", "^", "()", "[]"),
    *("@", "!", "+", "-rf", "..a", "\u00e4", "e\u0301", "\u00df", "\u0130", "\u0131", "\u05d0", "\u0627"),
    *("\u0e01\u0e33", "\u4e2d", "\u3042", "\ud55c", "\U0001f339"),
    *("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "\U00020000", "\u200c"),
    *("\u200d", "\u00a0", "\u3000", "\ufeff", "\u00ad", "\u2028", "\ufffe", "\uffff", "\U0001fffe"),
    *("\ufffd", "\u0000", "\u001f", "\u007f", "\u0085", "\u009f", "\u000a", "\u000d", "\u0009", "\ud800"),
    *("\udcff", "true", "007", "1e5", "null", "-", "a", "Rose", " b"),
)
_EXIFTOOL = {
    Field.SUBJECT: ("-XMP-dc:Subject", "Subject"),
    Field.HIERARCHICAL: ("-XMP-lr:HierarchicalSubject", "HierarchicalSubject"),
    Field.TAGS: ("-XMP-digiKam:TagsList", "TagsList"),
    Field.MICROSOFT: ("-XMP-microsoft:LastKeywordXMP", "LastKeywordXMP"),
}
#: exiftool knows this namespace without the slash with which Windows, digiKam and exiv2 write it. The byte order mark
#: was there before.
_MINOR = (None, "[minor] Fixed incorrect URI for xmlns:MicrosoftPhoto", "Superfluous BOM at start of XMP")
_EXIV2 = {
    Field.SUBJECT: "Xmp.dc.subject",
    Field.HIERARCHICAL: "Xmp.lr.hierarchicalSubject",
    Field.TAGS: "Xmp.digiKam.TagsList",
    Field.MICROSOFT: "Xmp.MicrosoftPhoto.LastKeywordXMP",
}


def hostile_classes(count: int) -> list[str]:
    """Names of classes with parts that mean something to somebody: as typed, or as a folder's name gives them."""
    chance = random.Random(1)
    names: dict[str, None] = {}
    while len(names) < count:
        name = "".join(chance.choice(_PARTS) for _ in range(chance.randint(1, 4)))
        try:
            names[validated_name(name)] = None
        except ClassRefused:
            names[class_name_of_folder(name)] = None
    return list(names)


def _as_usual(document: str) -> str:
    """A document with the prefix "rdf", without which exiv2 finds nothing in it."""
    return document.replace("<r:", "<rdf:").replace("</r:", "</rdf:").replace(" r:", " rdf:").replace(":r=", ":rdf=")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Entries]:
    """A sidecar for each class: new ones, and those of other programs in every encoding, after two corrections."""
    folder = tmp_path_factory.mktemp("judges")
    documents = [None, *((name, encoding) for name in ("lightroom", "darktable", "digikam") for encoding in ENCODINGS)]
    names, wanted = hostile_classes(1000), {}
    for number, name in enumerate(names):
        chosen = documents[number % len(documents)]
        before = None if chosen is None else encoded(_as_usual(DOCUMENTS[chosen[0]]), chosen[1])
        now = Merged(before, NO_ENTRIES) if before is not None else merged(None, NO_ENTRIES)
        for each in (names[number - 1], name):
            now = merged(now.data, entries_of(each), now.ours)
        path = folder / f"{number}.jpg.xmp"
        path.write_bytes(now.data)
        wanted[path] = read_document(now.data).entries
        assert set(named_keywords(entries_of(name))) <= set(named_keywords(wanted[path])) or "|" in name
    return wanted


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_reads_every_keyword(written: dict[Path, Entries]) -> None:
    folder = next(iter(written)).parent
    tags = [tag for tag, _ in _EXIFTOOL.values()]
    command = ["exiftool", "-j", "-q", "-ext", "xmp", "-Warning", "-Error", *tags, str(folder)]
    output = subprocess.run(command, capture_output=True, check=True)
    rows = json.loads(output.stdout, parse_int=str, parse_float=str)
    assert len(rows) == len(written)
    for row in rows:
        assert not row.get("Error")
        assert row.get("Warning") in _MINOR
        for field, (_, key) in _EXIFTOOL.items():
            found = row.get(key, [])
            found = found if isinstance(found, list) else [found]
            values = [str(value).lower() if isinstance(value, bool) else value for value in found]
            wanted = written[Path(row["SourceFile"])].get(field, ())
            if b"\0" in Path(row["SourceFile"]).read_bytes() and max(map(ord, "".join(wanted)), default=0) > 0xFFFF:
                continue  # exiftool reads no pairs of surrogates in UTF-16
            assert values == list(wanted), row["SourceFile"]


@pytest.mark.skipif(shutil.which("exiv2") is None, reason="exiv2 is not installed")
def test_exiv2_reads_every_keyword(written: dict[Path, Entries]) -> None:
    folder = next(iter(written)).parent
    read = {path: entries for path, entries in written.items() if b"\0" not in path.read_bytes()}
    names = sorted(path.name for path in read)  # exiv2 opens no XMP in UTF-16
    command = ["exiv2", "-q", "-PXkt", "pr", *names]
    output = subprocess.run(command, capture_output=True, cwd=folder, check=True)
    found: dict[tuple[str, str], str] = {}
    for line in output.stdout.decode().split("\n"):
        name, _, rest = line.partition(" ")
        key, _, value = rest.strip(" ").partition(" ")
        found[name, key] = value.lstrip(" ")
    for path, entries in read.items():
        for field, key in _EXIV2.items():
            assert found.get((path.name, key), "") == ", ".join(entries.get(field, ())), path.name
