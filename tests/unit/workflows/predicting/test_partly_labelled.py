"""Unknown photos of a folder that has labels of its own: photos like the labelled ones are not, new classes are."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.tables.filed_photos import moved_from
from flowersorter.sorting.plan import Mode
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing.history import UndoRequest, undo_run
from flowersorter.workflows.filing.sort import Include, RunSortRequest, SortRequest, plan_sort, run_sort
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.training.train import RetrainRequest, retrain
from tests.starter_classes import delete_starter_classes
from tests.unit.workflows.conftest import draw_photos


def verdicts(engine: Engine, folder: Path) -> dict[str, list[Verdict]]:
    """The verdicts of the photos without a label, by colour."""
    rows = predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken()).rows
    found: dict[str, list[Verdict]] = {}
    for path, label, verdict in zip(rows.paths, rows.label_ids.tolist(), rows.verdicts.tolist(), strict=True):
        if not label:
            found.setdefault(path.name.partition("_")[0], []).append(Verdict(verdict))
    return found


def named_folder(engine: Engine, folder: Path) -> None:
    """A folder of four colours, 16 photos each, of which eight red and eight green ones are labelled."""
    for colour in ("red", "green", "blue", "yellow"):
        draw_photos(folder, colour, 16)
    delete_starter_classes(engine.collection)
    predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())
    places = engine.collection.photos.places_under(folder)
    for colour in ("red", "green"):
        photo_ids = [place.photo_id for place in places if place.path.name.startswith(colour)]
        assign(engine.collection, [each for each in photo_ids[:8] if each], engine.collection.classes.add(colour).id)
    retrain(engine, RetrainRequest(), silent, CancelToken())


def test_photos_of_named_classes_are_not_unknown_beside_their_own_labels(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    named_folder(engine, folder)
    found = verdicts(engine, folder)
    assert Verdict.UNKNOWN not in found["red"] + found["green"]
    assert set(found["blue"] + found["yellow"]) == {Verdict.UNKNOWN}
    assert engine.unknown_by_folder is not None
    assert np.all(engine.unknown_by_folder.values == 1)
    places = engine.collection.photos.places_under(folder)
    for colour in ("red", "green"):  # every photo of the named classes
        photo_ids = [place.photo_id for place in places if place.path.name.startswith(colour)]
        entry = engine.collection.classes.find(colour)
        assert entry is not None
        assign(engine.collection, [each for each in photo_ids if each], entry.id)
    retrain(engine, RetrainRequest(), silent, CancelToken())
    found = verdicts(engine, folder)
    assert sorted(found) == ["blue", "yellow"]
    assert set(found["blue"] + found["yellow"]) == {Verdict.UNKNOWN}


def test_labels_of_photos_that_were_moved_out_of_a_folder_still_judge_the_others(
    engine: Engine, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    named_folder(engine, folder)
    before = verdicts(engine, folder)
    request = SortRequest(folder, tmp_path / "sorted", Mode.MOVE, Include.LABELLED)
    plan = plan_sort(engine, request, silent, CancelToken())
    result = run_sort(engine, RunSortRequest(plan), silent, CancelToken())
    assert len(list(folder.iterdir())) == 48
    assert verdicts(engine, folder) == before
    assert engine.unknown_by_folder is not None
    assert np.all(engine.unknown_by_folder.values == 1)
    retrain(engine, RetrainRequest(), silent, CancelToken())
    assert verdicts(engine, folder).keys() == before.keys()
    moved = moved_from(
        engine.collection.database, (*sorted(tmp_path / f"photo {at}.jpg" for at in range(1500)), folder)
    )
    assert moved == set(engine.collection.labels.class_ids())
    assert np.all(engine.unknown_by_folder.values == 1)
    undo_run(engine, UndoRequest(result.run_id), silent, CancelToken())
    assert verdicts(engine, folder) == before
    assert engine.connected_photos is not None
    assert not len(engine.connected_photos.moved), "they are in the folder again"
