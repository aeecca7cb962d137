"""The new photos of a watched folder are sorted, each batch as one sort; half-written files wait."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flowersorter.jobs import CancelToken, silent
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing.history import UndoRequest, runs, undo_run
from flowersorter.workflows.filing.sort import SortRequest
from flowersorter.workflows.filing.sort_arrivals import Arrivals, ArrivalsRequest, sort_arrivals
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

    def sort(cancel: CancelToken | None = None) -> Arrivals:
        request = ArrivalsRequest(SortRequest((photos,), tmp_path / "sorted"))
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
        "another program is still writing it"
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
