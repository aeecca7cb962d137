"""The new photos of a watched folder are sorted, each batch as one sort; half-written files wait."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flowersorter.jobs import CancelToken, silent
from flowersorter.sorting.plan import Mode
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing import sort_arrivals as sort_arrivals_module
from flowersorter.workflows.filing.history import UndoRequest, runs, undo_run
from flowersorter.workflows.filing.sort import SortRequest
from flowersorter.workflows.filing.sort_arrivals import (
    LEAST_AGE_MOVED_S,
    LEAST_AGE_S,
    Arrivals,
    ArrivalsRequest,
    sort_arrivals,
)
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from tests.drawing import BLUE, textured, write_jpeg


class Meanwhile(CancelToken):
    """Does something while the program waits for files to be complete."""

    def __init__(self, action: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self._action, self.waits = action, 0

    def wait(self, seconds: float) -> None:
        """Do it instead of waiting."""
        assert seconds > 0
        self.waits += 1
        self._action()


@pytest.fixture
def arrived(engine: Engine, photos: Path, tmp_path: Path) -> Callable[..., Arrivals]:
    """Sorts what is new in a folder of photos that are all labelled."""
    rows = predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken()).rows
    mine = engine.collection.classes.add("mine").id
    assign(engine.collection, rows.photo_ids[rows.photo_ids > 0].tolist(), mine)

    def sort(cancel: CancelToken | None = None, mode: Mode = Mode.COPY, ages_s: tuple[int, int] = (0, 0)) -> Arrivals:
        sort = SortRequest((photos,), tmp_path / "sorted", mode, only_new=True)
        request = ArrivalsRequest(sort, least_age_s=ages_s)
        return sort_arrivals(engine, request, silent, cancel or Meanwhile())

    return sort


def filed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_each_batch_is_one_sort_that_can_be_undone(
    engine: Engine, photos: Path, tmp_path: Path, arrived: Callable[..., Arrivals]
) -> None:
    before = filed(photos)
    first = arrived()
    assert first.done.run_id is not None
    assert filed(tmp_path / "sorted")
    waiting = Meanwhile()
    assert arrived(waiting).done.run_id is None, "nothing is new"
    assert waiting.waits == 0
    assert len(runs(engine.collection)) == 1
    write_jpeg(photos / "new.jpg", textured((320, 240), BLUE, seed=77))
    rows = predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken()).rows
    assign(engine.collection, rows.photo_ids[rows.photo_ids > 0].tolist(), engine.collection.classes.all()[-1].id)
    second = arrived()
    assert second.done.run_id not in (None, first.done.run_id)
    undo_run(engine, UndoRequest(second.done.run_id), silent, CancelToken())
    assert "new.jpg" not in filed(tmp_path / "sorted")
    assert filed(tmp_path / "sorted")
    assert filed(photos) == sorted([*before, "new.jpg"])


def test_a_photo_that_is_still_written_waits_for_the_next_batch(
    photos: Path, tmp_path: Path, arrived: Callable[..., Arrivals]
) -> None:
    growing = next(path for path in sorted(photos.rglob("*.jpg")) if path.stat().st_size)
    whole = growing.read_bytes()

    def write_on() -> None:
        with growing.open("ab") as file:
            file.write(b"more")

    first = arrived(Meanwhile(write_on))
    assert first.unfinished == {growing}
    assert growing.name not in filed(tmp_path / "sorted")
    assert [each.reason for each in first.plan.skipped if each.path == growing] == [
        "it changed just now, and is sorted once it rests"
    ]
    growing.write_bytes(whole)
    second = arrived()
    assert second.unfinished == frozenset()
    assert growing.name in filed(tmp_path / "sorted")


def test_a_photo_waits_for_its_sidecar(photos: Path, tmp_path: Path, arrived: Callable[..., Arrivals]) -> None:
    photo = next(path for path in sorted(photos.rglob("*.jpg")) if path.stat().st_size)
    sidecar = photo.with_suffix(".xmp")
    sidecar.write_text("<x")
    first = arrived(Meanwhile(lambda: sidecar.write_text("<x:xmpmeta/>")))
    assert first.unfinished == {photo}
    assert {photo.name, sidecar.name}.isdisjoint(filed(tmp_path / "sorted"))
    arrived()
    assert {photo.name, sidecar.name} <= set(filed(tmp_path / "sorted"))


def test_a_photo_that_goes_meanwhile_is_left(photos: Path, tmp_path: Path, arrived: Callable[..., Arrivals]) -> None:
    going = next(path for path in sorted(photos.rglob("*.jpg")) if path.stat().st_size)
    done = arrived(Meanwhile(going.unlink))
    assert done.unfinished == {going}
    assert going.name not in filed(tmp_path / "sorted")
    assert not any(outcome.error for outcome in done.done.files)


@pytest.mark.parametrize(
    ("mode", "other_drive", "age_s", "waits"),
    [
        (Mode.COPY, False, 5, True),
        (Mode.COPY, True, 30, False),
        (Mode.MOVE, False, 30, False),
        (Mode.MOVE, True, 30, True),
        (Mode.MOVE, True, -30, True),  # by the clock of a server that is ahead
        (Mode.MOVE, True, 90, False),
    ],
)
def test_a_file_whose_upload_may_only_have_stalled_waits(
    mode: Mode,
    other_drive: bool,
    age_s: int,
    waits: bool,
    photos: Path,
    tmp_path: Path,
    arrived: Callable[..., Arrivals],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sort_arrivals_module, "_leaves_drive", lambda *_: other_drive)
    photo = next(path for path in sorted(photos.rglob("*.jpg")) if path.stat().st_size)
    film = photo.with_suffix(".mov")
    film.write_bytes(b"half a film")
    for path in (*photos.rglob("*.jpg"), film):
        at_s = time.time() - (age_s if path == film else 3600)
        os.utime(path, (at_s, at_s))
    done = arrived(mode=mode, ages_s=(LEAST_AGE_S, LEAST_AGE_MOVED_S))
    assert done.unfinished == (frozenset({photo}) if waits else frozenset())
    assert ({photo.name, film.name} <= set(filed(tmp_path / "sorted"))) is not waits


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
def test_a_photo_whose_sort_was_undone_or_whose_copy_was_deleted_is_not_sorted_again(
    mode: Mode, engine: Engine, photos: Path, tmp_path: Path, arrived: Callable[..., Arrivals]
) -> None:
    first = arrived(mode=mode)
    assert first.done.run_id is not None
    count = len(filed(tmp_path / "sorted"))
    undo_run(engine, UndoRequest(first.done.run_id), silent, CancelToken())
    again = arrived(mode=mode)
    assert again.done.run_id is None
    assert len(again.plan.skipped) == count
    assert "you undid that" in again.plan.skipped[0].reason
    assert filed(tmp_path / "sorted") == []


def test_a_copy_that_the_person_deleted_stays_deleted(
    photos: Path, tmp_path: Path, arrived: Callable[..., Arrivals]
) -> None:
    arrived()
    gone = next(path for path in sorted((tmp_path / "sorted").rglob("*.jpg")))
    gone.unlink()
    assert arrived().done.run_id is None
    assert not gone.exists()
