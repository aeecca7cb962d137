"""Finding photos: hidden things, links, loops, sidecars, odd names, odd files, order and cancel."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from flowersorter.errors import Cancelled, FolderUnusable
from flowersorter.jobs import CancelToken
from flowersorter.photos.scan import ScanResult, absolute_folder, looks_like_photo, roots_to_open, scan
from flowersorter.photos.scanning import folder_walk
from flowersorter.photos.scanning.scan_options import ScanOptions

_FOLLOWING = ScanOptions(follow_links=True)


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())


def _names(result: ScanResult, folder: Path) -> list[str]:
    return [photo.path.relative_to(folder).as_posix() for photo in result.photos]


def test_everything_below_in_natural_order(tmp_path: Path) -> None:
    _touch(tmp_path, "IMG_10.jpg", "img_9.JPG", "IMG_2.jpg", "day 10/a.png", "day 2/b/c.heic", "day 2/a.webp")

    result = scan(tmp_path, CancelToken())

    expected = ["day 2/a.webp", "day 2/b/c.heic", "day 10/a.png", "IMG_2.jpg", "img_9.JPG", "IMG_10.jpg"]
    assert _names(result, tmp_path) == expected
    assert result.skipped == {}
    assert result.problems == ()


def test_size_and_time_are_those_on_disk(tmp_path: Path) -> None:
    _touch(tmp_path, "a.jpg")
    status = (tmp_path / "a.jpg").stat()

    (photo,) = scan(tmp_path, CancelToken()).photos

    assert photo.path == tmp_path / "a.jpg"
    assert (photo.size_bytes, photo.mtime_ns) == (status.st_size, status.st_mtime_ns)


def test_hidden_and_system_folders_are_skipped(tmp_path: Path) -> None:
    _touch(tmp_path, "a.jpg", ".hidden.jpg", "._a.jpg", ".thumbnails/a.jpg", "@eaDir/a.jpg", "x/__MACOSX/a.jpg")

    result = scan(tmp_path, CancelToken())

    assert _names(result, tmp_path) == ["a.jpg"]
    assert result.skipped == {"hidden": 5}


def test_hidden_folder_that_was_chosen_is_scanned(tmp_path: Path) -> None:
    _touch(tmp_path, ".private/a.jpg")

    assert len(scan(tmp_path / ".private", CancelToken()).photos) == 1


def test_sidecars_and_other_files_are_counted(tmp_path: Path) -> None:
    _touch(tmp_path, "a.jpg", "a.jpg.xmp", "a.CR2", "a.mov", "b.aae", "alone.nef", "film.mov", "notes.txt", "noend")

    result = scan(tmp_path, CancelToken())

    assert _names(result, tmp_path) == ["a.jpg", "alone.nef", "film.mov"]
    assert result.skipped == {"sidecar": 4, "not a photo": 2}
    assert result.skipped_in == {str(tmp_path): result.skipped}


def test_empty_photo_is_found(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()

    assert len(scan(tmp_path, CancelToken()).photos) == 1


def test_linked_photo_is_found_once_under_its_own_path(tmp_path: Path) -> None:
    album = tmp_path / "album"
    _touch(tmp_path, "album/real.jpg", "outside/far.jpg")
    (album / "a first.jpg").symlink_to("real.jpg")
    (album / "far 1.jpg").symlink_to("../outside/far.jpg")
    (album / "far 2.jpg").symlink_to("../outside/far.jpg")
    (album / "broken.jpg").symlink_to("nowhere.jpg")
    (album / "notes").symlink_to("nowhere")

    result = scan(album, CancelToken(), {album: _FOLLOWING})

    found = _names(result, album)
    assert "real.jpg" in found
    assert len(found) == 2
    assert found[0] in ("far 1.jpg", "far 2.jpg")
    assert result.photos[0].size_bytes == len("outside/far.jpg")
    assert result.skipped == {"link": 3, "not a photo": 1}


def test_link_loops_end(tmp_path: Path) -> None:
    album = tmp_path / "album"
    _touch(tmp_path, "album/deep/a.jpg", "neighbour.jpg")
    (album / "deep" / "up").symlink_to(album)
    (album / "self").symlink_to(".")
    (album / "above").symlink_to("..")
    (album / "loop").symlink_to("loop")

    result = scan(album, CancelToken(), {album: _FOLLOWING})

    assert _names(result, album) == ["deep/a.jpg"]
    assert result.skipped == {"link": 3, "not a photo": 1}


def test_linked_folder_is_followed_once(tmp_path: Path) -> None:
    album = tmp_path / "album"
    _touch(tmp_path, "album/real/a.jpg", "outside/b.jpg", "outside/inner/c.jpg")
    (album / "a link").symlink_to("real")
    (album / "other 1").symlink_to("../outside")
    (album / "other 2").symlink_to("../outside")
    (tmp_path / "outside" / "back").symlink_to("../album")

    result = scan(album, CancelToken(), {album: _FOLLOWING})

    assert _names(result, album) == ["other 1/b.jpg", "other 1/inner/c.jpg", "real/a.jpg"]
    assert result.skipped == {"link": 3}


def test_linked_photo_inside_a_linked_folder_is_found_once(tmp_path: Path) -> None:
    album = tmp_path / "album"
    _touch(tmp_path, "album/x.jpg", "outside/b.jpg")
    (album / "other").symlink_to("../outside")
    (album / "b again.jpg").symlink_to("../outside/b.jpg")

    assert _names(scan(album, CancelToken(), {album: _FOLLOWING}), album) == ["other/b.jpg", "x.jpg"]


def test_links_out_of_the_folder_are_not_followed_but_counted(tmp_path: Path) -> None:
    album = tmp_path / "album"
    _touch(tmp_path, "album/a.jpg", "album/.kept/inside.jpg", "outside/b.jpg", "outside/c.txt")
    (album / "other").symlink_to("../outside")
    (album / "far.jpg").symlink_to("../outside/b.jpg")
    (album / "far.txt").symlink_to("../outside/c.txt")
    (album / "broken.jpg").symlink_to("../outside/gone.jpg")
    (album / "near.jpg").symlink_to(".kept/inside.jpg")
    (album / "same.jpg").symlink_to("a.jpg")
    (album / "itself").symlink_to(".")

    result = scan(album, CancelToken())

    assert _names(result, album) == ["a.jpg", "near.jpg"]
    assert result.skipped == {"hidden": 1, "link to another folder": 2, "not a photo": 1, "link": 3}
    assert set(result.left_out) == {album / "other", album / "far.jpg"}


def test_an_opened_link_is_followed(tmp_path: Path) -> None:
    _touch(tmp_path, "real/a.jpg", "real/deep/b.jpg", "c.jpg")
    (tmp_path / "album").symlink_to("real")
    (tmp_path / "real" / "again").symlink_to("deep")
    (tmp_path / "d.jpg").symlink_to("c.jpg")

    result = scan(tmp_path / "album", CancelToken())

    assert _names(result, tmp_path / "album") == ["a.jpg", "deep/b.jpg"]
    assert _names(scan(tmp_path / "d.jpg", CancelToken()), tmp_path) == ["d.jpg"]


def test_a_link_between_two_opened_folders_does_not_lead_out(tmp_path: Path) -> None:
    _touch(tmp_path, "a/1.jpg", "b/2.jpg")
    (tmp_path / "a" / "to b").symlink_to("../b")

    result = scan((tmp_path / "a", tmp_path / "b"), CancelToken())

    assert _names(result, tmp_path) == ["a/1.jpg", "b/2.jpg"]
    assert result.skipped == {"link": 1}


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("raw", ["IMG_1.jpg", "day/IMG_2.JPG", "day/rawhide.jpg", "Drafts/old/c.jpg"]),
        ("RAW/", ["IMG_1.jpg", "day/IMG_2.JPG", "day/rawhide.jpg", "Drafts/old/c.jpg"]),
        ("img_*.jpg", ["day/raw/b.jpg", "day/rawhide.jpg", "Drafts/old/c.jpg"]),
        ("IMG_?.jpg/", ["IMG_1.jpg", "day/IMG_2.JPG", "day/raw/b.jpg", "day/rawhide.jpg", "Drafts/old/c.jpg"]),
        ("/IMG_*", ["day/IMG_2.JPG", "day/raw/b.jpg", "day/rawhide.jpg", "Drafts/old/c.jpg"]),
        ("day/*.jpg", ["IMG_1.jpg", "day/raw/b.jpg", "Drafts/old/c.jpg"]),
        ("day/**", ["IMG_1.jpg", "Drafts/old/c.jpg"]),
        ("**/old", ["IMG_1.jpg", "day/IMG_2.JPG", "day/raw/b.jpg", "day/rawhide.jpg"]),
        ("drafts\\old", ["IMG_1.jpg", "day/IMG_2.JPG", "day/raw/b.jpg", "day/rawhide.jpg"]),
        ("old/c.jpg", ["IMG_1.jpg", "day/IMG_2.JPG", "day/raw/b.jpg", "day/rawhide.jpg", "Drafts/old/c.jpg"]),
        ("", ["IMG_1.jpg", "day/IMG_2.JPG", "day/raw/b.jpg", "day/rawhide.jpg", "Drafts/old/c.jpg"]),
    ],
)
def test_patterns_leave_out_folders_and_photos(tmp_path: Path, pattern: str, left: list[str]) -> None:
    _touch(tmp_path, "IMG_1.jpg", "day/IMG_2.JPG", "day/raw/b.jpg", "day/rawhide.jpg", "Drafts/old/c.jpg")

    result = scan(tmp_path, CancelToken(), {tmp_path: ScanOptions(exclude=(pattern,))})

    assert sorted(_names(result, tmp_path)) == sorted(left)


def test_what_the_options_leave_out_is_counted(tmp_path: Path) -> None:
    _touch(tmp_path, "a.jpg", "b.tif", "cafe\u0301/c.jpg", "day/d.jpg", "day/e.tif", "day/deep/f.jpg")
    patterns = ("caf\u00e9", "*.tif")

    result = scan(tmp_path, CancelToken(), {tmp_path: ScanOptions(exclude=patterns)})
    flat = scan(tmp_path, CancelToken(), {tmp_path: ScanOptions(exclude=patterns, recursive=False)})

    assert _names(result, tmp_path) == ["a.jpg", "day/d.jpg", "day/deep/f.jpg"]
    assert result.skipped == {"excluded folder": 1, "excluded photo": 2}
    assert _names(flat, tmp_path) == ["a.jpg"]
    assert flat.skipped == {"excluded folder": 1, "excluded photo": 1, "sub-folder": 1}
    assert tmp_path / "day" in flat.left_out


def test_an_excluded_folder_is_not_reached_through_a_link(tmp_path: Path) -> None:
    _touch(tmp_path, "a.jpg", "raw/b.jpg")
    (tmp_path / "to raw").symlink_to("raw")

    result = scan(tmp_path, CancelToken(), {tmp_path: ScanOptions(exclude=("raw",))})

    assert _names(result, tmp_path) == ["a.jpg"]
    assert result.skipped == {"excluded folder": 1, "link": 1}


def test_several_folders_and_photos_are_found_once(tmp_path: Path) -> None:
    _touch(tmp_path, "a/1.jpg", "a/deep/2.jpg", "b/3.jpg", "c/4.jpg", "c/5.jpg", "c/6.txt")
    roots = [tmp_path / name for name in ("b", "a", "a/deep", "c/5.jpg", "b/3.jpg", "b", "gone", "c/gone.jpg")]

    result = scan(roots, CancelToken(), {tmp_path / "a": ScanOptions(recursive=False)})

    assert _names(result, tmp_path) == ["a/1.jpg", "a/deep/2.jpg", "b/3.jpg", "c/5.jpg"]
    assert [path.name for path, _ in result.problems] == ["gone", "gone.jpg"]
    assert result.skipped == {}


def test_only_photos_and_folders_are_opened(tmp_path: Path) -> None:
    _touch(tmp_path, "a/1.jpg", "a/2.txt", "b/3.txt")
    a, b = tmp_path / "a", tmp_path / "b"

    assert roots_to_open([a / "1.jpg", b / "3.txt", b, b]) == (a / "1.jpg", b)
    assert roots_to_open([a / "2.txt", b / "3.txt"]) == (a, b)
    assert roots_to_open([tmp_path / "gone"]) == (tmp_path / "gone",)


def test_stored_options_are_read_again(tmp_path: Path) -> None:
    options = ScanOptions(("raw", "*.tif"), recursive=False, follow_links=True)

    assert ScanOptions.from_stored(options.stored) == options
    assert ScanOptions.from_stored({"exclude": "raw", "recursive": 0, "follow_links": 1}) == ScanOptions()
    assert ScanOptions.from_stored(None) == ScanOptions()


def test_hard_links_are_photos_of_their_own(tmp_path: Path) -> None:
    _touch(tmp_path, "a.jpg")
    os.link(tmp_path / "a.jpg", tmp_path / "b.jpg")

    assert _names(scan(tmp_path, CancelToken()), tmp_path) == ["a.jpg", "b.jpg"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_pipe_named_like_a_photo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "link to pipe.jpg").symlink_to("pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()

    result = scan(tmp_path, CancelToken())

    assert list(result.photos) == []
    assert result.skipped == {"not a photo": 1, "link": 1}


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are always Unicode on this system")
def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/bl\xfcte 2.jpg"
    with open(raw, "wb") as file:  # noqa: PTH123 - the name is bytes
        file.write(b"x")
    _touch(tmp_path, "blüte 1.jpg")

    found = [os.fsencode(photo.path) for photo in scan(tmp_path, CancelToken()).photos]

    assert raw in found
    assert len(found) == 2


def test_composed_and_decomposed_names_stay_as_they_are(tmp_path: Path) -> None:
    composed, decomposed = "blu\u0308te.jpg", "bl\u00fcte.jpg"
    _touch(tmp_path, composed, decomposed)
    on_disk = set(os.listdir(tmp_path))  # noqa: PTH208 - names, not paths

    assert {photo.path.name for photo in scan(tmp_path, CancelToken()).photos} == on_disk


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_forbidden_folder_is_a_problem(tmp_path: Path) -> None:
    _touch(tmp_path, "a.jpg", "closed/b.jpg")
    (tmp_path / "closed").chmod(0)
    try:
        result = scan(tmp_path, CancelToken())
    finally:
        (tmp_path / "closed").chmod(0o755)

    assert result.problems == ((tmp_path / "closed", "access is refused"),)


def test_folder_that_cannot_be_listed_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _touch(tmp_path, "a.jpg", "closed/b.jpg")
    listed = os.scandir

    def refuse(folder: Path) -> object:
        if folder.name == "closed":
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(os, "scandir", refuse)

    result = scan(tmp_path, CancelToken())

    assert _names(result, tmp_path) == ["a.jpg"]
    assert result.problems == ((tmp_path / "closed", "access is refused"),)


def test_unusable_folders(tmp_path: Path) -> None:
    _touch(tmp_path, "a.jpg")
    for folder, sentence in (
        ("gone", "Folder not found: {}. Check the path."),
        ("gone.jpg", "The photo {} cannot be read: the file is not there."),
        ("a.jpg/b", "{} is not a folder. Name the folder that holds the photos."),
    ):
        with pytest.raises(FolderUnusable) as caught:
            scan(tmp_path / folder, CancelToken())
        assert str(caught.value) == sentence.format(tmp_path / folder)


def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(FolderUnusable) as caught:
        scan(tmp_path, CancelToken())
    assert str(caught.value) == f"The folder {tmp_path} cannot be read: access is refused. Choose another folder."


def test_cancel_stops_between_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _touch(tmp_path, *(f"{number}/a.jpg" for number in range(5)))
    cancel = CancelToken()
    listed = os.scandir
    folders: list[Path] = []

    def list_and_cancel(folder: Path) -> object:
        folders.append(folder)
        if len(folders) == 3:
            cancel.cancel()
        return listed(folder)

    monkeypatch.setattr(os, "scandir", list_and_cancel)

    with pytest.raises(Cancelled):
        scan(tmp_path, cancel)
    assert len(folders) == 3


def test_deep_tree(tmp_path: Path) -> None:
    below = "/".join("a" * 150) + "/photo.jpg"
    _touch(tmp_path, below)

    assert _names(scan(tmp_path, CancelToken()), tmp_path) == [below]


def test_relative_folders_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _touch(tmp_path, "photos/a.jpg", "work/x.txt")
    monkeypatch.chdir(tmp_path / "work")

    for spelled in ("../photos", "./../photos"):
        assert absolute_folder(Path(spelled)) == tmp_path / "photos"
        assert [photo.path for photo in scan(Path(spelled), CancelToken()).photos] == [tmp_path / "photos" / "a.jpg"]


def test_looks_like_photo() -> None:
    for name in (
        "a.jpg",
        "a.JPEG",
        "a.Png",
        "a.webp",
        "a.tif",
        "a.TIFF",
        "a.bmp",
        "a.gif",
        "a.avif",
        "a.HEIC",
        "a.CR2",
    ):
        assert looks_like_photo(Path(name))
    for name in ("a", "jpg", ".jpg", "a.jpg.xmp", "a.mov", "a.txt"):
        assert not looks_like_photo(Path(name))


def test_the_small_pictures_of_a_collection_are_no_photos(tmp_path: Path) -> None:
    """A collection may lie among the photos, or the photos in the folder of the collection."""
    inside, small = tmp_path / "holiday" / "thumbnails", tmp_path / "mushrooms" / "thumbnails" / "4a"
    for folder in (inside, small, tmp_path / "thumbnails" / "0c"):
        folder.mkdir(parents=True)
        (folder / "x.jpg").touch()
    (tmp_path / "mushrooms" / "library.sqlite").touch()
    assert len(scan(tmp_path, CancelToken()).photos) == 2  # in ordinary folders of that name there are photos
    (tmp_path / "library.sqlite").touch()
    assert [each.path for each in scan(tmp_path, CancelToken()).photos] == [inside / "x.jpg"]


def test_a_collection_among_the_photos_is_left_out_as_one_thing(tmp_path: Path) -> None:
    _touch(
        tmp_path, "a.jpg", *(f"mine/{name}" for name in ("library.sqlite", "x.lock", "embeddings/a.rows", "b/c.jpg"))
    )
    result = scan(tmp_path, CancelToken())
    assert (_names(result, tmp_path), result.skipped) == (["a.jpg"], {"hidden": 1})
    _touch(tmp_path, "mine/photo.jpg")  # photos in the folder of a collection are found
    assert _names(scan(tmp_path, CancelToken()), tmp_path) == ["a.jpg", "mine/b/c.jpg", "mine/photo.jpg"]


def test_a_raw_or_a_film_that_belongs_to_no_photo_is_found(tmp_path: Path) -> None:
    _touch(tmp_path, "a.jpg", "a.mov", "a.nef", "b.CR2", "b.xmp", "c.mp4", "d.txt")

    result = scan(tmp_path, CancelToken(), {tmp_path: ScanOptions(exclude=("c.*",))})

    assert _names(result, tmp_path) == ["a.jpg", "b.CR2"]
    assert result.skipped == {"sidecar": 3, "excluded photo": 1, "not a photo": 1}
    assert _names(scan(tmp_path / "c.mp4", CancelToken()), tmp_path) == ["c.mp4"]
    assert roots_to_open([tmp_path / "c.mp4", tmp_path / "d.txt"]) == (tmp_path / "c.mp4",)


@pytest.mark.parametrize("opened", [("a.nef", "a.jpg"), (".", "a.nef"), ("a.jpg", "a.mov", "a.nef")])
def test_a_raw_or_a_film_opened_beside_its_photo_goes_with_it(tmp_path: Path, opened: tuple[str, ...]) -> None:
    """It would be sorted twice: by itself, and with its photo."""
    _touch(tmp_path, "a.jpg", "a.mov", "a.nef")

    result = scan([tmp_path / name for name in opened], CancelToken())

    assert _names(result, tmp_path) == ["a.jpg"]
    assert _names(scan(tmp_path / "a.nef", CancelToken()), tmp_path) == ["a.nef"]


def test_a_junction_of_windows_is_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        """An entry of a folder, as Windows describes it."""

        def __init__(self, tag: int, problem: OSError | None = None) -> None:
            self._tag, self._problem = tag, problem

        def is_symlink(self) -> bool:
            return False

        def stat(self, *, follow_symlinks: bool) -> SimpleNamespace:
            assert not follow_symlinks
            if self._problem is not None:
                raise self._problem
            return SimpleNamespace(st_reparse_tag=self._tag)

    junction, cloud_file = 0xA0000003, 0x9000001A
    assert not folder_walk._is_link(cast("os.DirEntry[str]", Entry(junction)))
    monkeypatch.setattr(folder_walk, "_HAS_REPARSE_TAG", True)
    assert folder_walk._is_link(cast("os.DirEntry[str]", Entry(junction)))
    assert not folder_walk._is_link(cast("os.DirEntry[str]", Entry(cloud_file)))
    assert not folder_walk._is_link(cast("os.DirEntry[str]", Entry(junction, PermissionError())))
