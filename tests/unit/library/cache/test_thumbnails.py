"""The store of small pictures: what it keeps, what it finds of its own, and what it never touches."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowersorter.library.cache.thumbnails import CacheFile, ThumbnailStore
from tests.unit.library.conftest import sha256_of

JPEG = b"\xff\xd8 some picture \xff\xd9"
DAY_S = 24 * 60 * 60
TODAY_S = 20_000 * DAY_S


def test_a_thumbnail_comes_back(tmp_path: Path) -> None:
    store = ThumbnailStore(tmp_path / "thumbnails")
    assert store.get(sha256_of(1)) is None
    store.put(sha256_of(1), b"\xff\xd8 older \xff\xd9")
    store.put(sha256_of(1), JPEG)
    assert store.get(sha256_of(1)) == JPEG
    path = store.path(sha256_of(1))
    assert path.parent.name == sha256_of(1).hex()[:2]
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("content", [b"", JPEG[:-1], b"\0" * 20, JPEG + b"\0\0"])
def test_a_torn_thumbnail_is_none(tmp_path: Path, content: bytes) -> None:
    store = ThumbnailStore(tmp_path)
    store.put(sha256_of(1), JPEG)
    store.path(sha256_of(1)).write_bytes(content)
    assert store.get(sha256_of(1)) is None


def test_a_thumbnail_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    in_the_way = tmp_path / "thumbnails"
    in_the_way.write_bytes(b"a file where the folder should be")
    store = ThumbnailStore(in_the_way)
    store.put(sha256_of(1), JPEG)
    assert store.get(sha256_of(1)) is None

    store = ThumbnailStore(tmp_path / "more")
    store.path(sha256_of(1)).mkdir(parents=True)
    store.put(sha256_of(1), JPEG)
    assert [entry.name for entry in store.path(sha256_of(1)).parent.iterdir()] == [store.path(sha256_of(1)).name]


def test_the_folder_of_a_deleted_collection_is_not_made_again(tmp_path: Path) -> None:
    """On a drive that was removed, it would be made where the drive is mounted."""
    ThumbnailStore(tmp_path / "collection" / "thumbnails").put(sha256_of(1), JPEG)
    assert list(tmp_path.iterdir()) == []


class Clock:
    now = float(TODAY_S)

    def __call__(self) -> float:
        return self.now


def found(store: ThumbnailStore) -> list[CacheFile]:
    return [file for files in store.files() for file in files]


def test_use_is_noted_once_a_day(tmp_path: Path) -> None:
    clock = Clock()
    store = ThumbnailStore(tmp_path, clock)
    store.put(sha256_of(1), JPEG)
    path = store.path(sha256_of(1))
    for made, used in ((0, 0), (DAY_S - 60, 0), (DAY_S, DAY_S), (-DAY_S, 0)):  # the last one was made in the future
        os.utime(path, (TODAY_S - made, TODAY_S - made))
        assert store.get(sha256_of(1)) == JPEG
        assert path.stat().st_mtime == (TODAY_S if used or made < 0 else TODAY_S - made)


def test_use_that_cannot_be_noted_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ThumbnailStore(tmp_path, Clock())
    store.put(sha256_of(1), JPEG)
    os.utime(store.path(sha256_of(1)), (0, 0))

    def refuse(*_: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(os, "utime", refuse)
    assert store.get(sha256_of(1)) == JPEG


def test_its_own_files_are_found_with_size_and_use(tmp_path: Path) -> None:
    store = ThumbnailStore(tmp_path)
    assert found(store) == []
    for number in range(20):
        store.put(sha256_of(number), JPEG + b" " * number + JPEG)
        os.utime(store.path(sha256_of(number)), (number, number))
    left = store.path(sha256_of(3)).with_name(f"{sha256_of(3).hex()}.jpg.17-4711.part")
    left.write_bytes(b"half")
    files = found(store)
    assert {file.sha256 for file in files} == {*map(sha256_of, range(20)), None}
    by_photo = {file.sha256: file for file in files}
    assert by_photo[sha256_of(7)].size_bytes == 2 * len(JPEG) + 7
    assert by_photo[sha256_of(7)].used_at == 7
    assert by_photo[None].path == str(left)
    assert all(store.remove(file) for file in files)
    assert found(store) == []
    assert not store.remove(files[0])


def test_what_it_wrote_is_counted(tmp_path: Path) -> None:
    store = ThumbnailStore(tmp_path)
    store.put(sha256_of(1), JPEG)
    store.put(sha256_of(2), JPEG)
    assert store.written_bytes == store.take_written_bytes() == 2 * len(JPEG)
    assert store.written_bytes == 0


def test_nothing_of_anybody_else_is_found(tmp_path: Path) -> None:
    """Not what somebody put there, not what lies behind a link, not what a folder of another name holds."""
    elsewhere = ThumbnailStore(tmp_path / "elsewhere")
    elsewhere.put(sha256_of(1), JPEG)
    name = sha256_of(1).hex()
    folder = tmp_path / "thumbnails"
    store = ThumbnailStore(folder)
    mine = store.path(sha256_of(2))
    store.put(sha256_of(2), JPEG)
    for stranger in (
        folder / f"{name}.jpg",
        folder / "photos" / f"{name}.jpg",
        folder / ("00" if name[:2] != "00" else "01") / f"{name}.jpg",
        mine.parent / "holiday.jpg",
        mine.parent / f"{mine.stem}.png",
        mine.parent / f"{mine.stem[:-1]}.jpg",
        mine.parent / f"{mine.name}.part",
        mine.parent / f"{mine.name}.old",
    ):
        stranger.parent.mkdir(exist_ok=True)
        stranger.write_bytes(JPEG)
    (mine.parent / f"{mine.stem[:-1]}{'0' if mine.stem[-1] != '0' else '1'}.jpg").mkdir()
    if os.name != "nt":  # links need a right there that tests do not have
        (folder / name[:2]).symlink_to(elsewhere.path(sha256_of(1)).parent, target_is_directory=True)
        linked = f"{mine.stem[:-1]}{'2' if mine.stem[-1] != '2' else '3'}.jpg"
        (mine.parent / linked).symlink_to(elsewhere.path(sha256_of(1)))
    assert [file.sha256 for file in found(store)] == [sha256_of(2)]


@pytest.mark.skipif(os.name == "nt", reason="links need a right there that tests do not have")
def test_a_store_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    ThumbnailStore(tmp_path / "elsewhere").put(sha256_of(1), JPEG)
    (tmp_path / "thumbnails").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    store = ThumbnailStore(tmp_path / "thumbnails")
    assert found(store) == []
    assert store.get(sha256_of(1)) == JPEG
