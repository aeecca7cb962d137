"""The sidecars of a photo."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowersorter.photos.sidecars import SidecarFinder, sidecars_by_photo


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
def test_companions_of_one_photo(photo: str, others: tuple[str, ...]) -> None:
    found = sidecars_by_photo([photo, *others, "unrelated.xmp", "IMG_10.mov", "img_1.nef", "IMG_1.txt"])

    assert set(found) == {photo}
    assert set(found[photo]) == set(others)


def test_every_companion_has_one_owner() -> None:
    names = ["A.png", "A.heic", "A.jpg", "A.mov", "A.aae", "A.png.xmp", "A.jpg.xmp"]

    assert sidecars_by_photo(names) == {"A.heic": ("A.aae", "A.mov"), "A.png": ("A.png.xmp",), "A.jpg": ("A.jpg.xmp",)}


def test_another_photo_of_the_same_name_stays() -> None:
    assert sidecars_by_photo(["A.jpg", "A.png", "A.tif"]) == {}


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
