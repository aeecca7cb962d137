"""Atomic writes: the old content or the new, nothing left beside it, on the disk where that was asked for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from flowersorter.atomic_write import atomic_replacement, move_into_place, write_atomically


def refuse(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_made_and_replaced_and_nothing_is_left_beside_it(tmp_path: Path, durable: bool) -> None:
    target = tmp_path / "weights"
    write_atomically(target, b"first", durable=durable)
    write_atomically(target, b"second", durable=durable)
    assert target.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("failing", ["os.fsync", "pathlib.Path.replace"])
@pytest.mark.parametrize("existing", [True, False])
def test_a_failure_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str, existing: bool
) -> None:
    target = tmp_path / "weights"
    if existing:
        target.write_bytes(b"old")
    with monkeypatch.context() as patched:
        patched.setattr(failing, refuse)
        with pytest.raises(OSError, match="No space left"):
            write_atomically(target, b"new")
    assert list(tmp_path.iterdir()) == ([target] if existing else [])
    assert not existing or target.read_bytes() == b"old"


def test_a_block_that_is_interrupted_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "library"
    target.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), atomic_replacement(target) as temporary:  # noqa: PT012
        temporary.write_bytes(b"half")
        raise KeyboardInterrupt
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_only_a_durable_write_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def note(handle: int) -> None:
        synced.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    monkeypatch.setattr("os.fsync", note)
    write_atomically(tmp_path / "thumbnail", b"1", durable=False)
    assert synced == []
    write_atomically(tmp_path / "model", b"1")
    assert synced == (["file"] if os.name == "nt" else ["file", "folder"])


def test_a_folder_that_cannot_be_synced_does_not_fail_the_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network drives refuse it; the new file is in place by then."""
    fsync = os.fsync

    def network_drive(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(22, "Invalid argument")
        fsync(handle)

    monkeypatch.setattr("os.fsync", network_drive)
    write_atomically(tmp_path / "model", b"1")
    assert (tmp_path / "model").read_bytes() == b"1"


def test_a_finished_file_stays_where_it_is_if_it_cannot_be_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A download keeps what has arrived."""
    part = tmp_path / "weights.part"
    part.write_bytes(b"all of it")
    monkeypatch.setattr("pathlib.Path.replace", refuse)
    with pytest.raises(OSError, match="No space left"):
        move_into_place(part, tmp_path / "weights")
    assert part.read_bytes() == b"all of it"


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_a_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    ordinary, atomic = tmp_path / "ordinary", tmp_path / "atomic"
    ordinary.write_bytes(b"1")
    write_atomically(atomic, b"1")
    assert stat.S_IMODE(atomic.stat().st_mode) == stat.S_IMODE(ordinary.stat().st_mode)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes in folders")
@pytest.mark.parametrize("linked", [False, True])
def test_what_is_no_file_is_not_replaced(tmp_path: Path, linked: bool) -> None:
    """As /dev/stdout, a link to a pipe."""
    pipe = target = tmp_path / "pipe"
    os.mkfifo(pipe)
    if linked:
        target = tmp_path / "link"
        target.symlink_to(pipe)
    with pytest.raises(FileExistsError, match="not a regular file"):
        write_atomically(target, b"content")
    assert stat.S_ISFIFO(target.stat().st_mode)
    assert sorted(tmp_path.iterdir()) == sorted({pipe, target})
