"""Which photos are sorted, as the third step counts them."""

from __future__ import annotations

from pathlib import Path

from flowersorter.jobs import CancelToken, silent
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing.history import UndoRequest, undo_run
from flowersorter.workflows.filing.sort import Include, RunSortRequest, SortRequest, plan_sort, run_sort
from flowersorter.workflows.filing.sorted_photos import sorted_photos
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder


def test_a_photo_is_sorted_as_the_class_of_its_last_sort_that_was_not_undone(
    engine: Engine, photos: Path, tmp_path: Path
) -> None:
    collection = engine.collection
    rows = predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken()).rows
    first, second = (int(photo_id) for photo_id in rows.photo_ids[:2])
    mine, other = (collection.classes.add(name).id for name in ("mine", "other"))

    def sort(to: str) -> int:
        request = SortRequest((photos,), tmp_path / to, include=Include.LABELLED)
        done = run_sort(
            engine, RunSortRequest(plan_sort(engine, request, silent, CancelToken())), silent, CancelToken()
        )
        assert done.run_id is not None
        return done.run_id

    def found() -> dict[int, int]:
        found = sorted_photos(collection)
        ids, class_ids = found.photo_ids, found.numbers
        assert ids.tolist() == sorted(ids.tolist())
        return dict(zip(ids.tolist(), class_ids.tolist(), strict=True))

    assert found() == {}
    assign(collection, [first, second], mine)
    sort("one")
    assert found() == {first: mine, second: mine}
    assign(collection, [second], other)
    again = sort("two")
    assert found() == {first: mine, second: other}
    collection.classes.rename(mine, "yours")
    assert found()[first] == mine, "by another name"
    undo_run(engine, UndoRequest(again), silent, CancelToken())
    assert found() == {first: mine, second: mine}
    collection.classes.delete(mine)
    assert found() == {first: 0, second: 0}
