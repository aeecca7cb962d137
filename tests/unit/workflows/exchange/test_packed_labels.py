"""Labels and pictures in zip archives: data sets, projects of Teachable Machine, and archives that mean harm."""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from flowersorter.domain.export_format import LabelFormat
from flowersorter.errors import Cancelled, FolderUnusable, UserError
from flowersorter.jobs import CancelToken, silent
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.exchange.label_import import photo_archive
from flowersorter.workflows.exchange.label_import.given_labels import GivenLabels, Omission
from flowersorter.workflows.exchange.label_import.label_photos import (
    FindLabelsRequest,
    TakeLabelsRequest,
    find_labels,
    take_labels,
)
from flowersorter.workflows.exchange.label_import.match_photos import Unmatched
from flowersorter.workflows.exchange.label_import.read_labels import read_labels
from flowersorter.workflows.exchange.label_import.unpack_pictures import (
    UnpackedPictures,
    UnpackRequest,
    unpack_pictures,
)
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from tests.unit.workflows.conftest import draw_photos


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three red photos."""
    draw_photos(tmp_path / "photos", "red", 3)
    return tmp_path / "photos"


def packed(file: Path, contents: Mapping[str, bytes], **changes: int) -> Path:
    """Write an archive with these files, whose entries get other attributes."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            for attribute, value in changes.items():
                setattr(entry, attribute, value)
            archive.writestr(entry, data)
    return file


def read(file: Path, form: LabelFormat | None = None) -> GivenLabels:
    return read_labels(file, form, CancelToken())


def classes(file: Path) -> dict[str, str]:
    return {label.photo: label.class_name for label in read(file).labels}


def photos_of(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]


def test_the_pictures_of_an_archive_are_known_by_their_bytes_alone(
    engine: Engine, folder: Path, tmp_path: Path
) -> None:
    red = photos_of(folder)
    file = packed(
        tmp_path / "data.zip",
        {
            "data/train/Rose/other name.jpg": red[0],
            "data/train/Lily/red_1.jpg": red[2],  # the bytes count, not the name
            "data/val/Rose/red_1.jpg": red[0] + b"another file",
            "data/readme.txt": b"read me",
            "__MACOSX/data/train/Rose/._other name.jpg": b"of macOS",
        },
    )
    predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())
    found = find_labels(engine, FindLabelsRequest(file, folder), silent, CancelToken())
    taken = take_labels(engine, TakeLabelsRequest(found), silent, CancelToken())
    assert {found.paths[photo].name: name for photo, name in taken.labels.items()} == {
        "red_0.jpg": "Rose",
        "red_2.jpg": "Lily",
    }
    assert found.unmatched == {"data/val/Rose/red_1.jpg": Unmatched.OTHER_BYTES}
    assert found.format is LabelFormat.FOLDERS


def test_classes_are_those_of_the_folders_below_the_packed_one(tmp_path: Path) -> None:
    assert classes(packed(tmp_path / "a.zip", {"Rose/1.jpg": b"1", "Rose/2.jpg": b"2"})) == {
        "Rose/1.jpg": "Rose",
        "Rose/2.jpg": "Rose",
    }
    flowers = {"flowers/Rose/1.jpg": b"1", "flowers/Lily/2.jpg": b"2", "flowers/all.csv": b""}
    assert set(classes(packed(tmp_path / "b.zip", flowers)).values()) == {"Rose", "Lily"}
    windows = packed(tmp_path / "c.zip", {"x\\Rose\\1.jpg": b"1", "x\\Lily\\2.jpg": b"2"})
    assert set(classes(windows).values()) == {"Rose", "Lily"}


def test_a_project_of_teachable_machine_names_its_classes_by_file(tmp_path: Path) -> None:
    project = packed(
        tmp_path / "project.tm",
        {
            "Class 1-!-0.png": b"0",
            "Class 1-!-1.png": b"1",
            "wild/garden-!-0.png": b"2",
            "manifest.json": json.dumps({"type": "image"}).encode(),
        },
    )
    given = read(project)
    assert given.format is LabelFormat.TEACHABLE_MACHINE
    assert [label.class_name for label in given.labels] == ["Class 1", "Class 1", "wild/garden"]
    again = packed(tmp_path / "again.zip", {"project/Rose-!-0.png": b"0", "project/manifest.json": b"{}"})
    assert classes(again) == {"project/Rose-!-0.png": "Rose"}
    samples = packed(tmp_path / "Rose-samples.zip", {"0.jpg": b"0", "1.jpg": b"1"})
    assert set(classes(samples).values()) == {"Rose"}
    sound = packed(tmp_path / "sound.tm", {"Clap-!-0.zip": b"PK", "manifest.json": b"{}"})
    with pytest.raises(UserError, match="a project of Teachable Machine without pictures"):
        read(sound)


def test_names_in_utf_8_without_the_flag_for_it_are_read(tmp_path: Path) -> None:
    file = packed(tmp_path / "a.zip", {"Röschen/1.jpg": b"1", "Lilie/1.jpg": b"2"})
    data = bytearray(file.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flags of each entry, as macOS writes them
        begin = -1
        while (begin := data.find(mark, begin + 1)) >= 0:
            data[begin + at + 1] &= ~0x08
    file.write_bytes(data)
    assert set(classes(file).values()) == {"Röschen", "Lilie"}


def test_what_leads_out_of_an_archive_is_left_out(tmp_path: Path) -> None:
    bad = (
        "../a.jpg",
        "Rose/../../a.jpg",
        "/etc/a.jpg",
        "C:\\a.jpg",
        "//server/share/a.jpg",
        "..\\Rose\\a.jpg",
        "Rose/. /a.jpg",
    )
    file = packed(tmp_path / "a.zip", {"Rose/1.jpg": b"1", "Lily/2.jpg": b"2", **dict.fromkeys(bad, b"x")})
    given = read(file)
    assert {label.photo for label in given.labels} == {"Rose/1.jpg", "Lily/2.jpg"}
    assert given.left_out == {Omission.UNSAFE: len(bad)}


def test_links_are_left_out(tmp_path: Path) -> None:
    link = (stat.S_IFLNK | 0o777) << 16
    file = packed(tmp_path / "a.zip", {"Rose/link.jpg": b"/etc/passwd"}, external_attr=link, create_system=3)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("Rose/1.jpg", b"1")
    given = read(file)
    assert [label.photo for label in given.labels] == ["Rose/1.jpg"]
    assert given.left_out == {Omission.LINK: 1}


def test_an_archive_that_grows_without_measure_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_archive, "_SMALL_BYTES", 1000)
    file = packed(tmp_path / "a.zip", {f"Rose/{number}.jpg": bytes(1 << 20) for number in range(5)})
    with pytest.raises(UserError, match="it would unpack to far more than its size"):
        read(file)
    monkeypatch.setattr(photo_archive, "MAX_BYTES", 1 << 10)
    with pytest.raises(UserError, match="no pictures in class folders"):
        read(file)


def test_a_small_archive_of_one_huge_picture_is_refused(tmp_path: Path) -> None:
    file = packed(tmp_path / "a.zip", {"Rose/1.jpg": bytes(65 << 20)})
    with pytest.raises(UserError, match="it would unpack to far more than its size"):
        read(file)


def test_damaged_pictures_are_left_out(tmp_path: Path) -> None:
    file = packed(tmp_path / "a.zip", {"Rose/1.jpg": os.urandom(500), "Rose/2.jpg": os.urandom(500)})
    data = bytearray(file.read_bytes())
    data[100] ^= 0xFF  # within the first picture
    file.write_bytes(data)
    given = read(file)
    assert [label.photo for label in given.labels] == ["Rose/2.jpg"]
    assert given.left_out == {Omission.DAMAGED: 1}


@pytest.mark.parametrize(
    ("contents", "why"),
    [
        ({"1.jpg": b"1", "2.jpg": b"2"}, "it is packed, and has no pictures in class folders"),
        ({"_annotations.coco.json": b"{}", "1.jpg": b"1"}, "it is packed, and has no pictures in class folders"),
    ],
)
def test_an_archive_without_classes_is_refused(tmp_path: Path, contents: dict[str, bytes], why: str) -> None:
    with pytest.raises(UserError) as raised:
        read(packed(tmp_path / "a.zip", contents))
    assert raised.value.why == why
    assert "Unpack it" in raised.value.hint


@pytest.mark.parametrize(
    ("name", "contents", "why"),
    [
        ("a.zip", {}, "there are no pictures in it, and no list of labels"),
        ("a.tm", {"x": b""}, "there are no pictures in it, and no list of labels"),
        (
            "a.zip",
            {"datapackage.json": b"{}", "media.csv": b""},
            "it is a Camtrap DP package, whose format is not read",
        ),
        ("a.zip", {"meta.xml": b"", "occurrence.txt": b""}, "it is a Darwin Core archive, whose format is not read"),
    ],
)
def test_nobody_is_told_to_unpack_an_archive_for_nothing(
    tmp_path: Path, name: str, contents: dict[str, bytes], why: str
) -> None:
    with pytest.raises(UserError) as raised:
        read(packed(tmp_path / name, contents))
    assert raised.value.why == why
    assert "Unpack" not in raised.value.hint


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x05\x06" + bytes(18), os.urandom(1000)])
def test_any_bytes_are_refused_in_words(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(UserError):
        read(tmp_path / "a.zip")
    with pytest.raises(UserError):
        read(tmp_path / "gone.zip")


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    file = packed(tmp_path / "a.zip", {"Rose/1.jpg": b"1"})
    data = bytearray(file.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(data)
    with pytest.raises(UserError, match="it is encrypted"):
        read(file)


def unpack(engine: Engine, file: Path, folder: Path) -> int:
    return unpack_pictures(engine, UnpackRequest(file, folder), silent, CancelToken()).number


def png(grey: int) -> bytes:
    """A picture that no other number has."""
    data = io.BytesIO()
    Image.new("L", (8, 8), grey).save(data, "PNG")
    return data.getvalue()


def test_pictures_are_unpacked_into_class_folders_under_safe_names(engine: Engine, tmp_path: Path) -> None:
    file = packed(
        tmp_path / "project.tm",
        {
            "a:b-!-0.png": png(0),
            "a:b-!-1.png": png(1),
            "../evil-!-1.png": png(6),
            "aux.-!-0.png": png(2),
            "CON-!-0.png": png(3),
            "Rose-!-0.png": png(4),
            "../evil-!-0.png": png(5),
            "manifest.json": b"{}",
        },
    )
    assert unpack(engine, file, tmp_path / "out" / "data") == 5
    written = {path.relative_to(tmp_path / "out").as_posix(): path.read_bytes() for path in tmp_path.rglob("*.png")}
    assert sorted(written.values()) == sorted(map(png, range(5)))
    assert all(name.startswith("data/") and name.count("/") == 2 for name in written)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"data"}
    assert len({path.parent for path in (tmp_path / "out").rglob("*.png")}) == 4


def test_two_pictures_of_one_name_are_both_unpacked(engine: Engine, tmp_path: Path) -> None:
    file = packed(
        tmp_path / "a.zip", {"train/Rose/1.jpg": png(1), "val/Rose/1.JPG": png(2), "train/Lily/1.jpg": png(3)}
    )
    assert unpack(engine, file, tmp_path / "data") == 3
    assert sorted(path.name for path in (tmp_path / "data" / "Rose").iterdir()) == ["1 (2).JPG", "1.jpg"]


def test_nothing_is_unpacked_over_something_or_half(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = packed(tmp_path / "a.zip", {"Rose/1.jpg": png(1), "Lily/2.jpg": png(2)})
    (tmp_path / "data").mkdir()
    assert unpack(engine, file, tmp_path / "data") == 2, "an empty folder may be there"
    with pytest.raises(FolderUnusable, match="it is there already"):
        unpack(engine, file, tmp_path / "data")
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        unpack_pictures(engine, UnpackRequest(file, tmp_path / "more"), silent, cancel)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["collection", "data"]


def test_unpacked_pictures_get_the_classes_of_the_archive(engine: Engine, tmp_path: Path) -> None:
    red = draw_photos(tmp_path / "drawn", "red", 2)
    contents = {f"Rosa: canina-!-{number}.jpg": path.read_bytes() for number, path in enumerate(red)}
    file = packed(tmp_path / "project.tm", {**contents, "manifest.json": b"{}"})
    unpack(engine, file, tmp_path / "data")
    predict_folder(engine, PredictFolderRequest(tmp_path / "data"), silent, CancelToken())
    found = find_labels(engine, FindLabelsRequest(file, tmp_path / "data"), silent, CancelToken())
    taken = take_labels(engine, TakeLabelsRequest(found), silent, CancelToken())
    assert list(taken.labels.values()) == ["Rosa: canina"] * 2


def test_files_that_are_no_pictures_are_not_unpacked(engine: Engine, tmp_path: Path) -> None:
    bad = {"Rose/cut.png": png(1)[:40], "Lily/text.jpg": b"hello"}
    file = packed(tmp_path / "a.zip", {"Rose/1.png": png(1), **bad})
    done = unpack_pictures(engine, UnpackRequest(file, tmp_path / "data"), silent, CancelToken())
    assert done == UnpackedPictures(1, tuple(bad))
    assert [path.relative_to(tmp_path / "data").as_posix() for path in (tmp_path / "data").rglob("*.*")] == [
        "Rose/1.png"
    ]
    assert not (tmp_path / "data" / "Lily").exists()
