"""The report for the developers: nothing private in it, however it is written in the log."""

from __future__ import annotations

import errno
import os
import unicodedata
from pathlib import Path
from urllib.parse import quote

import pytest

from flowersorter.jobs import CancelToken, silent
from flowersorter.library.files.log_file import LOG_NAME
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.maintenance.diagnostics import diagnostics
from flowersorter.workflows.maintenance.redaction import Redactor

FOLDER = Path("/home/anna/Urlaub mit Jürgen (Kreta)/Tag 1")
PHOTOS = [
    FOLDER / name
    for name in (
        "Anna am Strand.jpg",
        "IMG [1] $x.heic",
        "Onkel\nOtto.png",
        os.fsdecode(b"caf\xe9 Berta.jpg"),
        'Emil "der Große", 50.jpg',
        unicodedata.normalize("NFC", "Zoë.JPG"),
    )
]
SECRETS = (
    "anna",
    "urlaub",
    "jürgen",
    "kreta",
    "tag 1",
    "strand",
    "img [1]",
    "onkel",
    "otto",
    "berta",
    "emil",
    "zoe",
    "große",
    "zoë",
    "dahlie",
    "rechner-7",
    "j%c3",
    "caf",
    "nachbar",
    "feier",
    "hochzeit",
    "c3%bc",
)


@pytest.fixture
def redactor() -> Redactor:
    return Redactor(PHOTOS, [Path("/home/anna"), Path("/srv/Nachbar")], ["Dahlie", "anna", "rechner-7"])


def written() -> list[str]:
    lines = []
    for photo in PHOTOS:
        name, path = photo.name, str(photo)
        plain = os.fsencode(path).decode("utf-8", "backslashreplace")
        lines += [
            f"FileNotFoundError: [Errno 2] No such file: {path!r}",
            f"OSError: {plain}: {os.strerror(errno.EACCES)}",
            f"{plain} and more of it",
            f"{name} cannot be read: it is damaged",
            f"KeyError: {name!a}",
            f'file://{quote(os.fsencode(path))} "{unicodedata.normalize("NFD", name)}"',
            f"C:\\Users\\anna\\Feier\\{name}",
            "WindowsPath('C:\\\\Users\\\\anna\\\\Feier\\\\x.jpg') \\\\nas\\Hochzeit\\x.jpg",
            f"[PosixPath({path!r}), PosixPath('/media/anna/Hochzeit 2/y.jpg')]",
        ]
    lines += [
        "KeyError: 'Urlaub mit Jürgen (Kreta)'",
        "no class Dahlie on RECHNER-7 for Anna in ~/Feier/x or ~anna/x",
        "/srv/Nachbar/Feier 2 is not there",
        '  File "/home/anna/Feier.py", line 3, in secret',
        "\x1b[31m/home/anna\x00",
    ]
    return lines


@pytest.mark.parametrize("line", written())
def test_nothing_private_remains(line: str, redactor: Redactor) -> None:
    found = redactor.redact(line)
    folded = unicodedata.normalize("NFC", found).casefold()
    assert [secret for secret in SECRETS if secret in folded] == [], found


def test_what_helps_the_developers_remains(redactor: Redactor) -> None:
    frames = (
        "Traceback (most recent call last):\n"
        '  File "/home/anna/venv/lib/python3.11/site-packages/PIL/Image.py", line 3, in open\n'
        '  File "/home/anna/src/flowersorter/app.py", line 12, in run\n'
        "IndexError: list index out of range"
    )
    assert redactor.redact(frames) == frames.replace("/home/anna/venv/lib/python3.11/site-packages/", "").replace(
        "/home/anna/src/", ""
    )
    refused = f"{PHOTOS[0]}: {os.strerror(errno.EACCES)}"
    assert redactor.redact(f"{refused}\n{refused}") == "\n".join([f"<path 1>: {os.strerror(errno.EACCES)}"] * 2)
    assert redactor.redact("Anna am Strand.jpg and Zoë.JPG") == "<photo 1>.jpg and <photo 2>.jpg"


def test_a_name_of_one_letter_goes_where_it_is_a_name() -> None:
    redactor = Redactor([Path("/media/q/Z/a.jpg")], [], ["B", "strasse"])
    assert redactor.redact("B: class “b” in folder 'Z', a 'z', b\\z\\x") == (
        "B: class “<name 1>” in folder '<folder 1>', a '<folder 1>', b\\<folder 1>\\x"
    )
    assert redactor.redact("Straße and STRASSE") == "<name 2> and <name 2>"


def test_names_of_classes_that_are_gone_are_removed_too(engine: Engine) -> None:
    metadata = {"backbone": "x", "note": "", "held_out_accuracy": None, "photos": 2, "class_names": ["Rose", "Tulpe"]}
    engine.collection.models.add({}, metadata)
    classes = engine.collection.classes
    classes.rename(classes.add("Dahlie").id, "Iris")
    classes.delete(classes.add("Nachbar Otto").id)
    (engine.collection.folder / LOG_NAME).write_text("WARNING: no Dahlie, Nachbar Otto, Rose or Tulpe\n")
    assert "no <name 1>, <name 2>, <name 3> or <name 4>" in diagnostics(engine, silent, CancelToken())


def test_the_report_has_versions_counts_checks_and_the_log(
    engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "anna")
    engine.collection.classes.add("Dahlie")
    log = engine.collection.folder / LOG_NAME
    log.write_text(f"WARNING: {photos / 'x.jpg'} of anna is no Dahlie\n")
    report = diagnostics(engine, silent, CancelToken())
    assert "classes: 1, labels: 0" in report
    assert "WARNING: <path" in report
    for secret in (str(engine.collection.folder), str(Path.home()), "anna", "Dahlie", "x.jpg"):
        assert secret not in report
