"""Drives without inode numbers, or with one that another file took over: no file that is not ours is removed."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from flowersorter.errors import SortRefused
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.failures import KEPT_BOTH, NotDoneError
from flowersorter.sorting.filesystem import FileSystem, is_our_link
from flowersorter.sorting.folders.destination_checks import refuse_nested
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.transfer import Transfer, copy, move
from tests.unit.sorting.file_trees import contents, names, snapshot, sort, take_back, write

PHOTO, THEIRS = b"photo", b"other"
NONE, REUSED = 0, 7


def numbered(found: os.stat_result, inode: int) -> os.stat_result:
    """The same status with another inode number."""
    fields = {name: getattr(found, name) for name in dir(found) if name.startswith("st_")}
    return SimpleNamespace(**{**fields, "st_ino": inode})  # type: ignore[return-value]


class OneNumber(FileSystem):
    """A disk on which every file has the same inode number, and that cannot do some things.

    Args:
        inode: The number; 0 where the drive has none.
        refuse: Methods that it does not know.
        before: Called before the first sync of a folder.
        fails: Whether that sync fails.
    """

    def __init__(
        self,
        inode: int = NONE,
        *,
        refuse: tuple[str, ...] = (),
        before: Callable[[], object] = lambda: None,
        fails: bool = False,
    ) -> None:
        self._inode, self._refuse, self._before, self._fails = inode, refuse, before, fails
        self._synced = False

    def stat(self, path: Path) -> os.stat_result:
        return numbered(super().stat(path), self._inode)

    def link_new(self, source: Path, target: Path) -> None:
        if "link_new" in self._refuse:
            raise OSError(errno.EOPNOTSUPP, "not here")
        super().link_new(source, target)

    def rename_new(self, source: Path, target: Path) -> None:
        if "rename_new" in self._refuse and source.suffix == ".jpg":
            raise OSError(errno.EXDEV, "not here")
        super().rename_new(source, target)
        if "rename_quietly" in self._refuse and source.suffix == ".jpg":
            self._refuse = ("link_new",)
            raise OSError(errno.EIO, "it says that it failed")

    def sync_folder(self, folder: Path) -> None:
        if not self._synced:
            self._synced = True
            self._before()
            if self._fails:
                raise OSError(errno.EIO, "bad")
        super().sync_folder(folder)


@pytest.fixture
def transfer(tmp_path: Path) -> Transfer:
    origin = write(tmp_path / "from" / "a.jpg", PHOTO)
    target = tmp_path / "to" / "a.jpg"
    target.parent.mkdir()
    return Transfer(origin, target, target.parent / ".t.part", hashlib.sha256(PHOTO).digest())


def taking(path: Path, content: bytes = THEIRS, mtime_ns: int | None = None) -> Callable[[], object]:
    """Put another file under a name, as a sync program does."""

    def take() -> None:
        mine = path.stat().st_mtime_ns
        path.unlink()
        write(path, content)
        at_ns = mine + 1 if mtime_ns is None else mtime_ns or mine
        os.utime(path, ns=(at_ns, at_ns))

    return take


@pytest.mark.parametrize("inode", [NONE, REUSED])
@pytest.mark.parametrize(("content", "mtime_ns"), [(THEIRS, None), (THEIRS, 0), (b"longer than it", 0)])
def test_a_file_that_took_the_name_of_a_copy_survives_its_withdrawal(
    transfer: Transfer, inode: int, content: bytes, mtime_ns: int | None
) -> None:
    """Also with the size and time of ours."""
    disk = OneNumber(inode, before=taking(transfer.target, content, mtime_ns), fails=True)
    with pytest.raises(NotDoneError):
        copy(disk, transfer)
    assert (transfer.origin.read_bytes(), transfer.target.read_bytes()) == (PHOTO, content)


@pytest.mark.parametrize("inode", [NONE, REUSED])
def test_our_own_copy_is_withdrawn(transfer: Transfer, inode: int) -> None:
    with pytest.raises(NotDoneError):
        copy(OneNumber(inode, fails=True), transfer)
    assert transfer.origin.read_bytes() == PHOTO
    assert names(transfer.target.parent) == set()


@pytest.mark.parametrize("refuse", [(), ("link_new",), ("link_new", "rename_new")])
def test_a_move_leaves_what_took_the_name_of_the_original(transfer: Transfer, refuse: tuple[str, ...]) -> None:
    """A file of the same size and time but with other bytes."""
    if refuse != ("link_new",):
        disk = OneNumber(refuse=refuse, before=taking(transfer.origin, mtime_ns=0))
        assert move(disk, transfer) == KEPT_BOTH
        assert (transfer.origin.read_bytes(), transfer.target.read_bytes()) == (THEIRS, PHOTO)
        transfer.target.unlink()
        write(transfer.origin, PHOTO)
    assert move(OneNumber(refuse=refuse), transfer) is None
    assert not transfer.origin.exists()
    assert names(transfer.target.parent) == {"a.jpg"}


def test_a_move_that_says_it_failed_goes_back(transfer: Transfer) -> None:
    with pytest.raises(NotDoneError):
        move(OneNumber(refuse=("link_new", "rename_quietly")), transfer)
    assert transfer.origin.read_bytes() == PHOTO
    assert names(transfer.target.parent) == set()


def test_no_link_is_known_by_a_number_that_is_none(transfer: Transfer) -> None:
    os.link(transfer.origin, transfer.target)
    assert is_our_link(FileSystem(), transfer.origin, transfer.target)
    assert not is_our_link(OneNumber(), transfer.origin, transfer.target)


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
def test_a_sort_and_its_undo_lose_nothing(tmp_path: Path, collection: CollectionStore, mode: Mode) -> None:
    """A copy stays, because it might be the original under another path."""
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = {write(source / f"{name}.jpg", name.encode()): "Rose" for name in "ab"}
    before = snapshot(source)
    result = sort(collection, photos, destination, mode, source=source, files=OneNumber())
    assert names(destination) == {"Rose/a.jpg", "Rose/b.jpg"}
    refused = take_back(collection, result.run_id, OneNumber()).refused
    assert len(refused) == (2 if mode == Mode.COPY else 0)
    assert snapshot(source) == before
    assert contents(destination) == ([b"a", b"b"] if mode == Mode.COPY else [])


def test_folders_without_inode_numbers_are_compared_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos, beside, link = tmp_path / "photos", tmp_path / "sorted", tmp_path / "link"
    for folder in (photos / "deep", beside):
        folder.mkdir(parents=True)
    link.symlink_to(photos)
    real = Path.stat
    monkeypatch.setattr(Path, "stat", lambda path, **more: numbered(real(path, **more), NONE))
    refuse_nested(photos, beside)
    refuse_nested(photos, tmp_path / "gone")
    for inside in (photos, photos / "deep", photos / "deep" / "gone", link, link / "deep", tmp_path):
        with pytest.raises(SortRefused):
            refuse_nested(photos, inside)
