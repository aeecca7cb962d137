"""Which files belong to which photo: one owner each, by general rules and the renamings of makers."""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowersorter.photos.formats import PHOTO_SUFFIXES
from flowersorter.photos.sidecars import SidecarFinder, UnlistedFolderError, sidecars_by_photo, split_sidecar
from tests.unit.sorting.failing_disks import unlistable


@pytest.mark.parametrize(
    ("photo", "others"),
    [
        ("IMG_1.jpg", ("IMG_1.jpg.xmp", "IMG_1.xmp")),
        ("IMG_1.JPG", ("IMG_1.jpg.XMP",)),
        ("IMG_1.HEIC", ("IMG_1.aae", "IMG_1.MOV")),
        ("IMG_1.jpg", ("IMG_1.CR2", "IMG_1.CR2.xmp")),
        ("a.b.jpg", ("a.b.dng", "a.b.jpg.xmp")),
    ],
)
def test_sidecars_of_one_photo(photo: str, others: tuple[str, ...]) -> None:
    found = sidecars_by_photo([photo, *others, "unrelated.xmp", "IMG_10.mov", "IMG_2.nef", "IMG_1_2.mov"])

    assert set(found) == {photo}
    assert set(found[photo]) == set(others)


def test_two_raws_and_one_jpeg_are_one_photo() -> None:
    names = ["IMG_1.CR2", "IMG_1.DNG", "IMG_1.JPG", "IMG_1.xmp", "IMG_1.CR2.xmp", "IMG_1.dng.xmp"]

    assert sidecars_by_photo(names) == {
        "IMG_1.JPG": ("IMG_1.CR2", "IMG_1.DNG", "IMG_1.xmp", "IMG_1.CR2.xmp", "IMG_1.dng.xmp")
    }


def test_raws_without_a_jpeg_are_photos_with_sidecars_of_their_own() -> None:
    names = ["a.CR2", "a.DNG", "a.CR2.xmp", "a.DNG_original", "b.NEF", "b.mov", "b.xmp", "b_01.NEF.xmp"]

    assert sidecars_by_photo(names) == {
        "a.CR2": ("a.CR2.xmp",),
        "a.DNG": ("a.DNG_original",),
        "b.NEF": ("b.mov", "b.xmp", "b_01.NEF.xmp"),
    }


def test_a_raw_that_stands_alone_is_not_counted_among_the_files_beside(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.nef", "b.nef", "b.xmp", "c.mp4", ".hidden"):
        (tmp_path / name).touch()
    finder = SidecarFinder()

    assert finder.of(tmp_path / "b.nef") == (tmp_path / "b.xmp",)
    assert sorted(path.name for path in finder.files_beside()) == ["a.nef", "b.xmp", "c.mp4"]


_LONG = "x" * 50
FAMILIES = [
    ("a.HEIC", "a.MP4"),
    ("PXL_1.MP.jpg", "PXL_1.MP"),
    ("PXL_1.RAW-01.COVER.jpg", "PXL_1.RAW-02.ORIGINAL.dng"),
    ("a.jpg", "a.jpg.supplemental-metadata.json"),
    ("a.jpg", "a.jpg.json"),
    ("a(1).jpg", "a.jpg(1).json"),
    ("a(1).jpg", "a.jpg.supplemental-metadata(1).json"),
    ("a(1).jpg", "a.jpg.supplemental-me(1).json"),
    (f"{_LONG}.jpg", f"{_LONG[:46]}.json"),
    (f"{_LONG}(1).jpg", f"{_LONG[:46]}(1).json"),
    ("a-edited.jpg", "a.jpg.json"),
    ("a-bearbeitet(1).jpg", "a.jpg(1).json"),
    ("IMG_E1.HEIC", "IMG_O1.AAE"),
    ("IMG_E1.HEIC", "IMG_1.AAE"),
    ("IMG_1.HEIC", "IMG_O1.AAE"),
    ("a.jpg", "a_01.jpg.xmp"),
    ("a.jpg", "a.jpg_original"),
    ("a.jpg", "a_notes.pdf"),
    ("a.jpg", "a (front).txt"),
    *(("a.jpg", f"a{kind}") for kind in (".jpg.pp3", ".jpg.dop", ".on1", ".vrd", ".cos", ".nksc", ".THM", ".WAV")),
    *(("a.jpg", f"a{kind}") for kind in (".json", ".xml", ".txt", ".m4v", ".3gp", ".avi", ".mts")),
    ("IMG_1.jpg", "img_1.xmp"),
    ("caf\u00e9.jpg", "cafe\u0301.xmp"),
    ("cafe\u0301.jpg", "caf\u00e9.mov"),
]


@pytest.mark.parametrize(("photo", "other"), FAMILIES)
def test_every_family_of_files_goes_with_its_photo(photo: str, other: str) -> None:
    assert sidecars_by_photo([photo, other, "z.jpg"]) == {photo: (other,)}


@pytest.mark.parametrize(("photo", "other"), FAMILIES)
def test_a_numbered_sidecar_belongs_to_the_photo_of_that_number(photo: str, other: str) -> None:
    names = []
    for name in (photo, other):
        before, after = split_sidecar(photo, name)
        names.append(f"{before} (2){after}")

    assert sidecars_by_photo([*names, photo, other]) == {names[0]: (names[1],), photo: (other,)}


@pytest.mark.parametrize(
    "other",
    [
        *(
            "a_2.mov",
            "a-1.nef",
            "a_2.txt",
            "a (copy).txt",
            "a (2).xmp",
            "a - Copy.xmp",
            "a.jpg(1).json",
            "a_2.mov.json",
        ),
        *("ab.xmp", "classes.txt", "Thumbs.db", "metadata.json", "README.txt", "a_clip.mp4", ".a.xmp"),
    ],
)
def test_a_file_of_another_photo_or_of_the_folder_stays(other: str) -> None:
    assert sidecars_by_photo(["a.jpg", other]) == {}


@pytest.mark.parametrize("name", ["Thumbs.db", "desktop.ini", "library.sqlite", "library.sqlite-journal"])
def test_files_of_the_system_and_of_a_collection_are_no_sidecars(name: str) -> None:
    assert sidecars_by_photo([f"{name.partition('.')[0]}.jpg", name]) == {}


def test_the_nearest_name_wins() -> None:
    names = ["IMG_1.jpg", "IMG_1_2.jpg", "img_1.jpg", "IMG_E1.jpg"]
    found = sidecars_by_photo([*names, "IMG_1_2.mov", "IMG_1.xmp", "img_1.xmp", "IMG_O1.AAE", "img_1.jpg.pp3"])

    assert found == {
        "IMG_1_2.jpg": ("IMG_1_2.mov",),
        "IMG_1.jpg": ("IMG_1.xmp",),
        "img_1.jpg": ("img_1.xmp", "img_1.jpg.pp3"),
        "IMG_E1.jpg": ("IMG_O1.AAE",),
    }


def test_numbered_metadata_goes_to_the_photo_of_that_number() -> None:
    names = ["a.jpg", "a(1).jpg", "a-edited.jpg", "a.jpg.json", "a.jpg(1).json"]

    assert sidecars_by_photo(names) == {"a.jpg": ("a.jpg.json",), "a(1).jpg": ("a.jpg(1).json",)}


_stems = st.sampled_from(
    ["a", "A", "a_1", "a (2)", "a(1)", "IMG_1", "IMG_E1", "IMG_O1", "caf\u00e9", "cafe\u0301", ".", ""]
)
_ends = st.sampled_from(
    [".jpg", ".JPG", ".heic", ".xmp", ".jpg.xmp", ".json", ".jpg(1).json", ".mov", ".AAE", "_x.txt", ""]
)


@settings(max_examples=300, derandomize=True)
@given(st.lists(st.tuples(_stems, _ends).map("".join), unique=True), st.randoms(use_true_random=False))
def test_each_sidecar_has_one_photo_in_whatever_order(names: list[str], shuffled: random.Random) -> None:
    found = sidecars_by_photo(names)
    sidecars = [sidecar for theirs in found.values() for sidecar in theirs]

    assert len(sidecars) == len(set(sidecars))
    assert set(sidecars) | set(found) <= set(names)
    assert not any(os.path.splitext(sidecar)[1].lower() in PHOTO_SUFFIXES for sidecar in sidecars)  # noqa: PTH122
    shuffled.shuffle(names)
    assert sidecars_by_photo(names) == found


def test_every_sidecar_has_one_owner() -> None:
    names = ["A.png", "A.heic", "A.jpg", "A.mov", "A.aae", "A.png.xmp", "A.jpg.xmp"]

    assert sidecars_by_photo(names) == {"A.heic": ("A.aae", "A.mov"), "A.png": ("A.png.xmp",), "A.jpg": ("A.jpg.xmp",)}


def test_another_photo_of_the_same_name_stays() -> None:
    assert sidecars_by_photo(["A.jpg", "A.png", "A.tif"]) == {}


def test_a_raw_or_a_film_without_a_photo_has_sidecars_too() -> None:
    names = ["a.jpg", "a.nef", "a.xmp", "b.dng", "b.mov", "b.xmp", "b.mov.json", "c.mp4", "c.THM", "d.xmp"]
    assert sidecars_by_photo(names) == {
        "a.jpg": ("a.nef", "a.xmp"),
        "b.dng": ("b.mov", "b.xmp", "b.mov.json"),
        "c.mp4": ("c.THM",),
    }


def test_only_what_exists_beside_the_photo(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.xmp", "a.NEF", "b.xmp"):
        (tmp_path / name).touch()
    (tmp_path / "a.mov").mkdir()
    (tmp_path / "a.aae").symlink_to("nowhere")

    assert SidecarFinder().of(tmp_path / "a.jpg") == (tmp_path / "a.NEF", tmp_path / "a.xmp")
    assert SidecarFinder().of(tmp_path / "gone" / "a.jpg") == ()


def test_many_photos_need_one_listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (tmp_path / f"{number}.jpg").touch()
        (tmp_path / f"{number}.xmp").touch()
    listings: list[str] = []
    listed = os.scandir

    def count(folder: str) -> object:
        listings.append(folder)
        return listed(folder)

    monkeypatch.setattr(os, "scandir", count)
    finder = SidecarFinder()

    for number in range(20):
        assert finder.of(tmp_path / f"{number}.jpg") == (tmp_path / f"{number}.xmp",)
    assert listings == [str(tmp_path)]


def test_a_listing_that_failed_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.jpg", "a.xmp"):
        (tmp_path / name).touch()
    finder = SidecarFinder()
    unlistable(monkeypatch, tmp_path, 2)

    for ask in (finder.of, finder.of_original):
        with pytest.raises(UnlistedFolderError):
            ask(tmp_path / "a-edited.jpg")
    assert finder.of(tmp_path / "a.jpg") == (tmp_path / "a.xmp",)


@pytest.mark.parametrize("code", [errno.ENOENT, errno.ENOTDIR])
def test_a_folder_that_is_gone_has_no_sidecars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    unlistable(monkeypatch, tmp_path, 1, code)

    assert SidecarFinder().of(tmp_path / "a.jpg") == ()


def test_a_pointer_into_a_forbidden_folder_is_no_sidecar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.jpg", "a.xmp"):
        (tmp_path / name).touch()
    (tmp_path / "a.mov").symlink_to("forbidden/a.mov")
    original = os.scandir

    class Entry:
        def __init__(self, entry: os.DirEntry[str]) -> None:
            self.name, self._entry = entry.name, entry

        def is_symlink(self) -> bool:
            return self._entry.is_symlink()

        def is_file(self) -> bool:
            if self.name == fails:
                raise PermissionError(errno.EACCES, "forbidden")
            return self._entry.is_file()

    class Entries(list[Entry]):
        def __enter__(self) -> Entries:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", lambda folder: Entries(map(Entry, original(folder))))
    fails = "a.mov"
    assert SidecarFinder().of(tmp_path / "a.jpg") == (tmp_path / "a.xmp",)
    fails = "a.xmp"
    with pytest.raises(UnlistedFolderError):
        SidecarFinder().of(tmp_path / "a.jpg")
