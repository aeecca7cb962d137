"""Races: what happens to a file between two steps of ours is never lost and never overwritten."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from flowersorter.sorting.failures import FIXED_FOLDER, KEPT_BOTH, LeftOpenError, NotDoneError, explain
from flowersorter.sorting.filesystem import FileSystem, is_our_link
from flowersorter.sorting.transfer import Transfer, copy, link, move
from tests.unit.sorting.failing_disks import WatchedDisk, failing
from tests.unit.sorting.file_trees import names, write

Meddle = Callable[[], object]


def _transfer(tmp_path: Path, target_root: Path | None = None) -> Transfer:
    origin = write(tmp_path / "from" / "a.jpg", b"photo")
    target = (target_root or tmp_path) / "to" / "a.jpg"
    target.parent.mkdir(parents=True)
    return Transfer(origin, target, target.parent / ".t.part", hashlib.sha256(b"photo").digest())


def _meddling(name: str, meddle: Meddle, *, after: bool = False, refuse: tuple[str, ...] = ()) -> FileSystem:
    """A disk on which somebody does something at the first call of a method; some methods it does not know."""
    calls = 0

    def around(called: str, call: Meddle) -> object:
        nonlocal calls
        if called in refuse:
            raise OSError(errno.EOPNOTSUPP, "not here")
        mine = called == name and calls == 0
        calls += called == name
        if mine and not after:
            meddle()
        result = call()
        if mine and after:
            meddle()
        return result

    return WatchedDisk(around)


WAYS = [(), ("link_new",), ("link_new", "rename_new")]


def _replace(path: Path, content: bytes) -> None:
    """As editors save: a new file under the old name."""
    fresh = write(path.with_name("fresh"), content)
    fresh.rename(path)


@pytest.mark.parametrize("is_fixed", [True, False])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_folder_that_may_not_be_changed_keeps_its_file_and_is_named(
    tmp_path: Path, is_fixed: bool, elsewhere: bool
) -> None:
    transfer = _transfer(tmp_path)

    class Fixed(FileSystem):
        def link_new(self, origin: Path, link: Path) -> None:
            if elsewhere:
                raise OSError(errno.EXDEV, "another device")
            super().link_new(origin, link)

        def rename_new(self, origin: Path, target: Path) -> None:
            if origin == transfer.origin:
                raise OSError(errno.EXDEV, "another device")
            super().rename_new(origin, target)

        def unlink(self, path: Path) -> None:
            if path == transfer.origin:
                raise PermissionError(errno.EACCES, "no")
            super().unlink(path)

        def writable(self, folder: Path) -> bool:
            return not is_fixed

    with pytest.raises(NotDoneError) as refused:
        move(Fixed(), transfer)
    assert refused.value.reason == (FIXED_FOLDER if is_fixed else "access is refused")
    assert names(tmp_path) == {"from/a.jpg"}


def test_a_copy_gets_its_name_by_a_link_where_renaming_could_overwrite(tmp_path: Path) -> None:
    transfer = _transfer(tmp_path)
    copy(_meddling("close", lambda: None, refuse=("rename_new",)), transfer)
    assert names(transfer.target.parent) == {"a.jpg"}
    assert transfer.target.stat().st_nlink == 1


def test_what_is_no_file_is_not_filed(tmp_path: Path) -> None:
    transfer = _transfer(tmp_path)
    transfer.origin.unlink()
    for way in (copy, move, link):
        with pytest.raises(NotDoneError, match="not there"):
            way(FileSystem(), transfer)
    transfer.origin.mkdir()
    for way in (copy, move, link):
        with pytest.raises(NotDoneError, match="ordinary"):
            way(FileSystem(), transfer)


@pytest.mark.parametrize("way", [copy, move])
@pytest.mark.parametrize(
    ("no_link", "reason"), [(errno.EPERM, "without the risk of overwriting"), (errno.EIO, "read or write error")]
)
def test_a_disk_that_can_neither_link_nor_rename_without_replacing_is_named(
    way: Callable[[FileSystem, Transfer], object], no_link: int, reason: str, tmp_path: Path
) -> None:
    """As FAT and exFAT in user space are."""
    transfer = _transfer(tmp_path)
    links: list[int] = []

    def around(name: str, call: Callable[[], object]) -> object:
        if name == "rename_new":
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        if name == "link_new":
            links.append(no_link)
            code = errno.EPERM if way is move and len(links) == 1 else no_link  # a move tries a link first
            raise OSError(code, os.strerror(code))
        return call()

    with pytest.raises(NotDoneError, match=reason):
        way(WatchedDisk(around), transfer)
    assert names(transfer.target.parent) == set()
    assert transfer.origin.read_bytes() == b"photo"


class _PickyDisk(FileSystem):
    """A disk that does not have some names, nor says whether they are there: NTFS those that are not UTF-8."""

    def stat(self, path: Path) -> os.stat_result:
        return super().stat(self._possible(path))

    def rename_new(self, source: Path, target: Path) -> None:
        super().rename_new(source, self._possible(target))

    def link_new(self, source: Path, target: Path) -> None:
        super().link_new(source, self._possible(target))

    def symlink_new(self, source: Path, target: Path) -> None:
        super().symlink_new(source, self._possible(target))

    def _possible(self, path: Path) -> Path:
        if path.name == "\udcff.jpg":
            raise OSError(errno.EILSEQ, os.strerror(errno.EILSEQ))
        return path


@pytest.mark.parametrize("way", [copy, move, link])
def test_a_name_that_the_disk_cannot_have_is_refused_and_nothing_is_left_open(
    way: Callable[[FileSystem, Transfer], object], tmp_path: Path
) -> None:
    transfer = _transfer(tmp_path)
    impossible = replace(transfer, target=transfer.target.with_name("\udcff.jpg"))
    with pytest.raises(NotDoneError, match="characters that this disk does not allow"):
        way(_PickyDisk(), impossible)
    assert names(transfer.target.parent) == set()
    assert transfer.origin.read_bytes() == b"photo"


def test_an_original_replaced_while_it_is_moved_is_kept_too(tmp_path: Path) -> None:
    transfer = _transfer(tmp_path)
    disk = _meddling("link_new", lambda: _replace(transfer.origin, b"edited"), after=True)
    assert move(disk, transfer) == KEPT_BOTH
    assert (transfer.origin.read_bytes(), transfer.target.read_bytes()) == (b"edited", b"photo")


def test_an_original_changed_while_it_is_moved_stays(tmp_path: Path) -> None:
    transfer = _transfer(tmp_path)
    disk = _meddling("link_new", lambda: write(transfer.origin, b"edited"), after=True)
    with pytest.raises(NotDoneError, match="changed"):
        move(disk, transfer)
    assert transfer.origin.read_bytes() == b"edited"
    assert names(transfer.target.parent) == set()


def test_an_original_deleted_while_it_is_moved_is_at_the_target(tmp_path: Path) -> None:
    transfer = _transfer(tmp_path)
    assert move(_meddling("link_new", transfer.origin.unlink, after=True), transfer) is None
    assert transfer.target.read_bytes() == b"photo"


@pytest.mark.parametrize("refuse", WAYS)
def test_a_file_that_appears_at_the_target_is_not_overwritten(tmp_path: Path, refuse: tuple[str, ...]) -> None:
    for number, way in enumerate((copy, move, link)):
        transfer = _transfer(tmp_path / str(number))
        for step in ("link_new", "rename_new", "symlink_new"):
            if step in refuse:
                continue
            transfer.target.unlink(missing_ok=True)
            disk = _meddling(step, lambda there=transfer.target: write(there, b"theirs"), refuse=refuse)  # type: ignore[misc]
            try:
                way(disk, transfer)
            except NotDoneError:
                assert not transfer.target.exists() or transfer.target.read_bytes() == b"theirs"
            assert not transfer.temporary.exists()
            assert b"photo" in {p.read_bytes() for p in (transfer.origin, transfer.target) if p.exists()}
            if not transfer.origin.exists():
                write(transfer.origin, b"photo")


def test_an_original_changed_while_it_is_renamed_goes_back(tmp_path: Path) -> None:
    transfer = _transfer(tmp_path)
    disk = _meddling("rename_new", lambda: _replace(transfer.origin, b"edited"), refuse=("link_new",))
    with pytest.raises(NotDoneError, match="changed"):
        move(disk, transfer)
    assert transfer.origin.read_bytes() == b"edited"

    transfer = _transfer(tmp_path / "again")
    disk = _meddling("rename_new", lambda: write(transfer.origin, b"edited"), refuse=("link_new",))
    with pytest.raises(NotDoneError, match="changed"):
        move(disk, transfer)
    assert transfer.origin.read_bytes() == b"edited"
    assert names(transfer.target.parent) == set()


def test_a_copy_is_withdrawn_if_its_original_on_another_device_cannot_be_removed(
    tmp_path: Path, elsewhere: Path
) -> None:
    transfer = _transfer(tmp_path, elsewhere)
    with pytest.raises(NotDoneError, match="read-only"):
        move(failing("unlink", 0, errno.EROFS), transfer)
    assert transfer.origin.read_bytes() == b"photo"
    assert names(transfer.target.parent) == set()


def test_an_original_changed_while_it_is_copied_to_another_device_is_kept_too(tmp_path: Path, elsewhere: Path) -> None:
    transfer = _transfer(tmp_path, elsewhere)
    disk = _meddling("sync_folder", lambda: write(transfer.origin, b"edited"))
    assert move(disk, transfer) == KEPT_BOTH
    assert (transfer.origin.read_bytes(), transfer.target.read_bytes()) == (b"edited", b"photo")


def test_an_original_deleted_while_it_is_copied_to_another_device_is_at_the_target(
    tmp_path: Path, elsewhere: Path
) -> None:
    transfer = _transfer(tmp_path, elsewhere)
    assert move(_meddling("sync_folder", transfer.origin.unlink), transfer) is None
    assert transfer.target.read_bytes() == b"photo"


def test_a_copy_whose_original_vanishes_is_left_to_recovery(tmp_path: Path) -> None:
    transfer = _transfer(tmp_path)

    class Bad(FileSystem):
        def sync(self, descriptor: int) -> None:
            transfer.origin.unlink()
            raise OSError(errno.EIO, "bad")

    with pytest.raises(LeftOpenError, match="will be repaired"):
        copy(Bad(), transfer)
    assert transfer.temporary.read_bytes() == b"photo"


def test_a_published_copy_whose_original_changes_is_left_to_recovery(tmp_path: Path) -> None:
    transfer = _transfer(tmp_path)

    class Bad(FileSystem):
        def sync_folder(self, folder: Path) -> None:
            write(transfer.origin, b"edited")
            raise OSError(errno.EIO, "bad")

    with pytest.raises(LeftOpenError):
        copy(Bad(), transfer)
    assert transfer.target.read_bytes() == b"photo"


def test_a_link_whose_original_vanishes_is_left_to_recovery(tmp_path: Path) -> None:
    transfer = _transfer(tmp_path)

    class Bad(FileSystem):
        def sync_folder(self, folder: Path) -> None:
            transfer.origin.unlink()
            raise OSError(errno.EIO, "bad")

    with pytest.raises(LeftOpenError):
        link(Bad(), transfer)
    assert transfer.target.read_bytes() == b"photo"


def test_a_temporary_name_in_use_is_not_ours(tmp_path: Path) -> None:
    transfer = _transfer(tmp_path)
    write(transfer.temporary, b"theirs")
    with pytest.raises(NotDoneError):
        copy(FileSystem(), transfer)
    assert transfer.temporary.read_bytes() == b"theirs"


def test_one_name_on_two_ways_is_no_link(tmp_path: Path) -> None:
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    (tmp_path / "way").symlink_to(tmp_path / "photos")
    assert not is_our_link(FileSystem(), photo, tmp_path / "way" / "a.jpg")
    assert not is_our_link(FileSystem(), photo, tmp_path)
    assert not is_our_link(FileSystem(), tmp_path / "gone", photo)


def test_only_ordinary_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    photo = write(tmp_path / "a.jpg", b"a")
    (tmp_path / "link").symlink_to(photo)
    for name in ("pipe", "link", "gone", "."):
        with pytest.raises(OSError):  # noqa: PT011 - each its own
            FileSystem().hash(tmp_path / name)
    assert FileSystem().hash(photo) == hashlib.sha256(b"a").digest()


def test_attributes_a_disk_does_not_know_are_left_out_and_others_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = write(tmp_path / "a", b"a", 0o644), write(tmp_path / "b", b"b", 0o600)
    found = source.stat()

    def refuse(code: int) -> Callable[..., None]:
        def call(*_: object, **__: object) -> None:
            raise OSError(code, os.strerror(code))

        return call

    with monkeypatch.context() as patched:
        patched.setattr("flowersorter.sorting.filesystem.shutil.copystat", refuse(errno.ENOSPC))
        FileSystem().copy_attributes(source, target, found)
    assert (target.stat().st_mtime_ns, target.stat().st_mode) == (found.st_mtime_ns, found.st_mode)
    monkeypatch.setattr("flowersorter.sorting.filesystem.shutil.copystat", refuse(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        FileSystem().copy_attributes(source, target, found)


def test_renaming_where_the_system_cannot_refuse_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = write(tmp_path / "a", b"a")
    monkeypatch.setattr("flowersorter.sorting.filesystem.sys.platform", "plan9")
    with pytest.raises(OSError) as caught:  # noqa: PT011
        FileSystem().rename_new(photo, tmp_path / "b")
    assert caught.value.errno == errno.ENOSYS


def test_an_error_without_a_text_of_ours_keeps_the_system_s() -> None:
    assert explain(OSError(errno.ECONNRESET, "Connection reset")) == "connection reset"
    assert explain(OSError()) == "the system refuses it"
