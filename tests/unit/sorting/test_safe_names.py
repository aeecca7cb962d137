"""Names of class folders and of files: safe on every system, distinct, and kept byte for byte where they can be."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.safe_names import folder_name, folder_names, free_names, same_name_key, shown
from tests.unit.sorting.file_trees import names, snapshot, sort, take_back, write

RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}

CLASS_NAMES = [
    *("", ".", "..", "...", "-rf", "--", "~", "~root", " ", "\t", "a/b", "a\\b", "a:b", "/etc/passwd", "../../escape"),
    *("CON", "con.txt", "nul ", "COM1.x", "aux .jpg", "trailing.", "trailing ", "new\nline", "\u202egpj.exe"),
    *(
        "x" * 300,
        "ü" * 200,
        "Ro\u0301se",
        "R\u00f3se",
        "🌷 tulip",
        "\x00nul",
        "*?<>|\"'",
        "$HOME",
        "%TEMP%",
        "a\u200bb",
    ),
]


def check_safe(name: str) -> None:
    assert name
    assert name not in {".", ".."}
    assert name[0] not in ".-~ "
    assert name[-1] not in ". "
    assert not set(name) & set('/\\:*?"<>|')
    assert not [sign for sign in name if unicodedata.category(sign) in {"Cc", "Cs"}]
    assert name.split(".", maxsplit=1)[0].rstrip().upper() not in RESERVED
    assert len(os.fsencode(name)) <= 205
    assert "\u202e" not in name


@pytest.mark.parametrize("class_name", CLASS_NAMES)
def test_a_class_gets_a_safe_folder_name(class_name: str) -> None:
    check_safe(folder_name(class_name))


@given(st.text(max_size=300))
def test_any_text_gets_a_safe_folder_name(class_name: str) -> None:
    check_safe(folder_name(class_name))


def test_an_ordinary_name_is_kept() -> None:
    for name in ("Rose", "sun flower", "Echte Kamille", "バラ", "rosa_canina-2", "v1.5"):
        assert folder_name(name) == name


@given(st.sets(st.text(max_size=12), max_size=12), st.dictionaries(st.text(max_size=6), st.booleans(), max_size=6))
def test_classes_never_share_a_folder_on_any_file_system(class_names: set[str], existing: dict[str, bool]) -> None:
    chosen = folder_names(class_names, {}, existing)
    assert set(chosen) == class_names
    assert len({same_name_key(name) for name in chosen.values()}) == len(class_names)
    blocked = {same_name_key(name) for name, is_folder in existing.items() if not is_folder}
    assert not blocked & {same_name_key(name) for name in chosen.values()}
    assert chosen == folder_names(sorted(class_names, reverse=True), {}, existing)


def test_case_twins_get_folders_of_their_own() -> None:
    assert folder_names(["rose", "Rose"], {}, {}) == {"Rose": "Rose", "rose": "rose (2)"}
    assert folder_names(["a/b", "a:b"], {}, {}) == {"a/b": "a_b", "a:b": "a_b (2)"}


def test_a_folder_that_is_there_is_used_in_its_own_spelling() -> None:
    assert folder_names(["Rose"], {}, {"rose": True}) == {"Rose": "rose"}
    assert folder_names(["Rose", "rose"], {}, {"rose": True}) == {"rose": "rose", "Rose": "Rose (2)"}
    assert folder_names(["Rose"], {}, {"rose": False}) == {"Rose": "Rose (2)"}


def test_a_class_keeps_the_folder_it_had() -> None:
    assert folder_names(["a:b"], {"a:b": "a_b (2)", "a/b": "a_b"}, {}) == {"a:b": "a_b (2)"}
    assert folder_names(["new: a_b"], {"a/b": "new_ a_b"}, {}) == {"new: a_b": "new_ a_b (2)"}
    assert folder_names(["Rose"], {"Rose": "../out"}, {}) == {"Rose": "Rose"}
    assert folder_names(["Rose"], {"Rose": "Old"}, {"Old": False}) == {"Rose": "Rose"}


@given(st.text(alphabet="añ\udcff日", min_size=1, max_size=260), st.integers(min_value=1, max_value=12))
def test_a_numbered_name_is_never_too_long(stem: str, taken: int) -> None:
    used: set[str] = set()
    for _ in range(taken):
        name, _ = free_names([(stem, ".jpeg"), (stem, ".jpeg.xmp")], lambda tried: tried not in used)
        assert name not in used
        assert name == stem + ".jpeg" or len(os.fsencode(name)) <= 255
        used.add(name)


HOSTILE = [
    *(
        b"-rf.jpg",
        b" .jpg",
        b"new\nline.jpg",
        b"\xff\xfe.jpg",
        b"caf\xc3\xa9.jpg",
        b"cafe\xcc\x81.jpg",
        b"CAFE\xcc\x81.jpg",
    ),
    *(b"\xe2\x80\xaegpj.jpg", b"CON.jpg", b"a:b.jpg", b"a\\b.jpg", b"dot..jpg", b"..hidden.jpg", b"trailing. .jpg"),
    *(
        b"x" * 251 + b".jpg",
        b"X" * 251 + b".jpg",
        b"*?.jpg",
        b"$(reboot).jpg",
        b"'.jpg",
        b'".jpg',
        b"%s.jpg",
        b"IMG.JPG",
        b"img.jpg",
    ),
]


@pytest.mark.parametrize("mode", list(Mode))
def test_hostile_names_stay_inside_and_are_kept(tmp_path: Path, collection: CollectionStore, mode: Mode) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = {}
    for number, name in enumerate(HOSTILE):
        path = write(source / os.fsdecode(name), b"%d" % number)
        photos[path] = CLASS_NAMES[number % len(CLASS_NAMES)]
    before = snapshot(tmp_path / "photos", tmp_path / "sorted")
    outside = snapshot(tmp_path)
    result = sort(collection, photos, destination, mode, source=source)
    assert [filed.error for filed in result.files] == [None] * len(photos)
    for path in snapshot(tmp_path).keys() - outside.keys():
        assert path == destination or destination in path.parents or collection.folder in path.parents
    assert all(len(Path(name).parts) == 2 for name in names(destination))
    kept = {os.fsencode(path.name) for path in destination.rglob("*") if not path.is_dir()}
    assert kept >= set(HOSTILE) - {b"CAFE\xcc\x81.jpg"}
    assert take_back(collection, result.run_id).refused == ()
    assert snapshot(source, destination) == before


def test_twins_in_one_folder_are_told_apart_on_every_file_system(tmp_path: Path, collection: CollectionStore) -> None:
    twins = ("IMG.JPG", "img.jpg", "caf\u00e9.jpg", "cafe\u0301.jpg")
    photos = {write(tmp_path / "photos" / name, os.fsencode(name)): "Rose" for name in twins}
    sort(collection, photos, tmp_path / "sorted", Mode.COPY)
    assert names(tmp_path / "sorted" / "Rose") == {"IMG.JPG", "img (2).jpg", "caf\u00e9.jpg", "cafe\u0301 (2).jpg"}


def test_a_name_can_be_shown() -> None:
    assert shown(Path(os.fsdecode(b"a\xff.jpg"))) == "a\ufffd.jpg"
