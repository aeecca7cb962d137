"""A watched folder, as a service watches it: photos come and go, programs end, drives vanish."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.drawing import BLUE, GREEN, RED, textured, write_jpeg
from tests.e2e.program import LIMIT_S, Program, tree

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals as Unix has them")


class Service:
    """A running watch.

    Args:
        process: It writes JSON lines.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.lines: list[dict[str, Any]] = []
        self.code: int | None = None

    def until(self, key: str) -> dict[str, Any]:
        """Read lines until an object has this key, and return its value."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(json.loads(line))
            if key in self.lines[-1]:
                value: dict[str, Any] = self.lines[-1][key]
                return value
        raise AssertionError(f"no {key} in {self.lines}: {self._complaints()}")

    def note(self, words: str) -> str:
        """Read stderr until a line has these words."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if words in line.decode():
                return line.decode()
        raise AssertionError(f"{words!r} was never said")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> dict[str, Any]:
        """Stop it, and return its summary."""
        self._process.send_signal(number)
        summary = self.until("summary")
        self.code = self._process.wait(LIMIT_S)
        return summary

    def _complaints(self) -> str:
        assert self._process.stderr is not None
        return self._process.stderr.read().decode()


@contextmanager
def watching(program: Program, folder: Path, target: Path, *options: str) -> Iterator[Service]:
    with program.start("watch", folder, "--to", target, "--json", *options) as process:
        limit = threading.Timer(LIMIT_S, process.kill)
        limit.start()
        try:
            yield Service(process)
        finally:
            limit.cancel()
            if process.poll() is None:
                process.kill()


def draw(folder: Path, *numbers: int) -> None:
    """Draw photos that nobody has written on for long."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        path = folder / f"IMG_{number}.jpg"
        write_jpeg(path, textured((240, 240), (RED, GREEN, BLUE)[number % 3], seed=number))
        os.utime(path, (1_700_000_000, 1_700_000_000))


def mark(program: Program, *folders: Path) -> None:
    """Give every photo of folders a class, so that it is sorted whatever the model suggests, wherever it appears."""
    program.ok("label", *(path for folder in folders for path in sorted(folder.rglob("*.jpg"))), "--as", "garden")


def long_ago(program: Program, sort: int) -> None:
    """Date a sort back."""
    with closing(sqlite3.connect(program.collection / "library.sqlite")) as database, database:
        database.execute("UPDATE runs SET started_at = '2020-01-01T00:00:00+00:00' WHERE id = ?", (sort,))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.jpg"))


def test_photos_are_sorted_as_they_arrive_and_each_batch_can_be_undone(fresh: Program, tmp_path: Path) -> None:
    folder, target = tmp_path / "camera", tmp_path / "sorted"
    draw(folder, 1, 2)
    draw(tmp_path / "more", 3, 4, 5)
    mark(fresh, folder, tmp_path / "more")
    before = tree(folder)
    with watching(fresh, folder, target) as service:
        first = service.until("batch")
        assert (first["sorted"], first["failed"]) == (2, 0)
        (tmp_path / "more").rename(folder / "new")
        second = service.until("batch")
        assert second["sorted"] == 3
        summary = service.stop()
    assert service.code == 0
    assert summary == {"sorts": [first["sort"], second["sort"]], "sorted": 5, "left": 0, "failed": 0}
    assert names(target) == [f"IMG_{number}.jpg" for number in range(1, 6)]
    fresh.ok("undo", str(second["sort"]))
    assert names(target) == ["IMG_1.jpg", "IMG_2.jpg"]
    fresh.ok("undo", str(first["sort"]))
    assert names(target) == []
    shutil.rmtree(folder / "new")
    assert tree(folder) == before


def test_photos_that_stay_are_named_once(fresh: Program, tmp_path: Path) -> None:
    folder, target = tmp_path / "camera", tmp_path / "sorted"
    draw(folder, 1)
    draw(tmp_path / "more", 2)
    mark(fresh, folder, tmp_path / "more")
    broken = folder / "broken.jpg"
    broken.write_bytes((folder / "IMG_1.jpg").read_bytes()[:2000])
    with watching(fresh, folder, target) as service:
        first = service.until("batch")
        assert (first["sorted"], first["left"]) == (1, 1)
        (tmp_path / "more" / "IMG_2.jpg").rename(folder / "IMG_2.jpg")
        assert service.until("batch")["left"] == 0
        assert service.stop(signal.SIGINT)["left"] == 1
    assert service.code == 0
    assert names(target) == ["IMG_1.jpg", "IMG_2.jpg"]


def test_a_sidecar_that_comes_later_is_sorted_and_can_be_undone(fresh: Program, tmp_path: Path) -> None:
    folder, target = tmp_path / "camera", tmp_path / "sorted"
    draw(folder, 1)
    mark(fresh, folder)
    with watching(fresh, folder, target) as service:
        service.until("batch")
        late = folder / "IMG_1.jpg.xmp"
        (tmp_path / late.name).write_text("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
        os.utime(tmp_path / late.name, (1_700_000_000, 1_700_000_000))
        (tmp_path / late.name).rename(late)
        batch = service.until("batch")
        assert (batch["sorted"], batch["sidecars"]) == (0, 1)
        assert service.stop()["sorts"][-1] == batch["sort"]
    assert list(target.rglob("*.xmp"))
    fresh.ok("undo", str(batch["sort"]))
    assert not list(target.rglob("*.xmp"))


def test_keywords_are_written_on_request_and_all_batches_are_undone_at_once(fresh: Program, tmp_path: Path) -> None:
    folder, target = tmp_path / "camera", tmp_path / "sorted"
    draw(folder, 1, 2)
    draw(tmp_path / "more", 3)
    draw(tmp_path / "before", 5)
    mark(fresh, folder, tmp_path / "more", tmp_path / "before")
    earlier = fresh.ok("sort", tmp_path / "before", "--to", tmp_path / "other", "--json").summary
    long_ago(fresh, earlier["sort"])
    before = tree(folder)
    with watching(fresh, folder, target, "--keywords") as service:
        first = service.until("batch")
        assert (first["sorted"], first["keywords"]) == (2, 2)
        (tmp_path / "more" / "IMG_3.jpg").rename(folder / "IMG_3.jpg")
        assert service.until("batch")["keywords"] == 1
        service.stop()
    assert len(list(target.rglob("*.xmp"))) == 3
    since = fresh.ok("history", "--json").objects[1]["started_at"]
    undone = fresh.ok("undo", "--since", since, "--json").summary
    assert (len(undone["sorts"]), undone["undone"], undone["refused"], undone["problems"]) == (2, 3, 0, [])
    assert not list(target.rglob("*.*"))
    assert names(tmp_path / "other") == ["IMG_5.jpg"], "an earlier sort stays"
    (folder / "IMG_3.jpg").unlink()
    assert tree(folder) == before


def test_moved_photos_leave_the_folder(fresh: Program, tmp_path: Path) -> None:
    folder, target = tmp_path / "camera", tmp_path / "sorted"
    draw(folder, 1, 2)
    mark(fresh, folder)
    with watching(fresh, folder, target, "--move") as service:
        assert service.until("batch")["sorted"] == 2
        service.stop()
    assert names(folder) == []
    assert names(target) == ["IMG_1.jpg", "IMG_2.jpg"]


def test_a_folder_is_watched_once(fresh: Program, tmp_path: Path) -> None:
    folder, target = tmp_path / "camera", tmp_path / "sorted"
    draw(folder, 1)
    mark(fresh, folder)
    with watching(fresh, folder, target) as service:
        service.until("batch")
        (tmp_path / "link").symlink_to(folder)
        second = fresh.run("watch", tmp_path / "link", "--to", target)
        assert second.code == 1
        assert "is watched already" in second.err
        assert second.err.count("\n") == 1
        service.stop()


def test_it_waits_while_another_program_has_the_collection(fresh: Program, tmp_path: Path) -> None:
    from flowersorter.library.files.lock import lock_collection

    folder, target = tmp_path / "camera", tmp_path / "sorted"
    draw(folder, 1)
    mark(fresh, folder)
    lock = lock_collection(fresh.collection)
    with watching(fresh, folder, target) as service:
        service.note("Waiting until that has changed")
        assert not target.exists()
        lock.release()
        assert service.until("batch")["sorted"] == 1
        service.stop()


def test_a_drive_that_vanishes_is_waited_for(fresh: Program, tmp_path: Path) -> None:
    folder, target = tmp_path / "drive", tmp_path / "sorted"
    draw(folder, 1)
    draw(tmp_path / "more", 2)
    mark(fresh, folder, tmp_path / "more")
    with watching(fresh, folder, target) as service:
        assert service.until("batch")["sorted"] == 1
        folder.rename(tmp_path / "away")
        service.note("Waiting until that has changed")
        shutil.copy2(tmp_path / "more" / "IMG_2.jpg", tmp_path / "away")
        (tmp_path / "away").rename(folder)
        assert service.until("batch")["sorted"] == 1
        service.stop()
    assert names(target) == ["IMG_1.jpg", "IMG_2.jpg"]


@pytest.mark.parametrize(
    ("folder", "target", "words"),
    [("gone", "sorted", "Folder not found"), ("camera", "camera/in", "inside"), ("camera", "sorted", "{moon}")],
)
def test_a_request_that_can_never_work_is_refused_at_once(
    fresh: Program, tmp_path: Path, folder: str, target: str, words: str
) -> None:
    draw(tmp_path / "camera", 1)
    pattern = ["--pattern", "{class}/{moon}"] if "moon" in words else []
    refused = fresh.run("watch", tmp_path / folder, "--to", tmp_path / target, *pattern)
    assert refused.code == 1
    assert words.strip("{}") in refused.err
    assert refused.err.count("\n") == 1
    assert not (tmp_path / "sorted").exists()
