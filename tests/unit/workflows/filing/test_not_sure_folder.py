"""Photos that are not sure: left where they are, or filed in a folder of their own that is no class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.domain.place import Place
from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.tables.class_names import ASIDE
from flowersorter.sorting.plan import SortPlan
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, evaluate
from flowersorter.workflows.filing.history import UndoRequest, undo_run
from flowersorter.workflows.filing.refile import RefileRequest, refile
from flowersorter.workflows.filing.sort import Include, RunSortRequest, SortRequest, plan_sort, run_sort
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.predicting.photo_details import rows_for
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from tests.unit.workflows.conftest import draw_photos

_VERDICTS = {"red": Verdict.SURE, "green": Verdict.UNSURE, "blue": Verdict.UNKNOWN}


@pytest.fixture
def labelled(engine: Engine, sorted_photos: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten photos each: red is sure, green unsure, blue new; and one file that is no photo."""
    (photos / "2026" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    train_folder(engine, TrainFolderRequest(sorted_photos), silent, CancelToken())
    predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken())

    def with_verdicts(engine: Engine, places: Sequence[Place], backbone: str | None) -> PhotoRows:
        rows = rows_for(engine, places, backbone)
        for row, path in enumerate(rows.paths):
            if rows.photo_ids[row]:
                rows.verdicts[row] = _VERDICTS[path.name.split("_")[0]]
        return rows

    monkeypatch.setattr("flowersorter.workflows.filing.sort.rows_for", with_verdicts)
    return photos


def planned(
    engine: Engine, photos: Path, to: Path, aside: str | None = ASIDE, include: Include = Include.ALL
) -> SortPlan:
    return plan_sort(engine, SortRequest(photos, to, include=include, aside=aside), silent, CancelToken())


def done(engine: Engine, plan: SortPlan) -> RunResult:
    return run_sort(engine, RunSortRequest(plan), silent, CancelToken())


def test_they_stay_unless_the_person_says_so(engine: Engine, labelled: Path, tmp_path: Path) -> None:
    plan = planned(engine, labelled, tmp_path / "filed", None, Include.SURE)
    assert plan.counts_by_class == {"red": 10}
    assert len(plan.skipped) == 21


def test_a_photo_that_was_left_out_is_not_filed_as_that_class(engine: Engine, labelled: Path, tmp_path: Path) -> None:
    places = {place.path.name: place for place in engine.collection.photos.places_under(labelled)}
    ids = {each.name: each.id for each in engine.collection.classes.all()}
    first, second, third = (places[f"red_{number}.jpg"].photo_id or 0 for number in range(3))
    assign(engine.collection, [second], ids["red"])  # confirmed since
    left_out = {first: ids["red"], second: ids["red"], third: ids["blue"]}
    request = SortRequest(labelled, tmp_path / "filed", include=Include.SURE, left_out=left_out)
    plan = plan_sort(engine, request, silent, CancelToken())
    assert plan.counts_by_class == {"red": 9}
    reasons = {skipped.path.name: skipped.reason for skipped in plan.skipped}
    assert reasons["red_0.jpg"] == "you left it out when you confirmed the others"
    assert planned(engine, labelled, tmp_path / "filed", include=Include.SURE).counts_by_class["red"] == 10
    aside = plan_sort(engine, replace(request, aside=ASIDE), silent, CancelToken())
    assert aside.counts_by_class == {"red": 9, ASIDE: 21}


@pytest.mark.parametrize(
    ("include", "classes"),
    [
        (Include.ALL, {"red": 10, "green": 10, ASIDE: 10}),
        (Include.SURE, {"red": 10, ASIDE: 20}),
        (Include.LABELLED, {ASIDE: 30}),
    ],
)
def test_what_is_not_included_goes_aside_and_comes_back(
    engine: Engine, labelled: Path, tmp_path: Path, include: Include, classes: dict[str, int]
) -> None:
    plan = planned(engine, labelled, tmp_path / "filed", include=include)
    assert plan.counts_by_class == classes
    assert [skipped.path.name for skipped in plan.skipped] == ["broken.jpg"]
    result = done(engine, plan)
    assert {each.name: len(list(each.iterdir())) for each in (tmp_path / "filed").iterdir()} == classes
    assert undo_run(engine, UndoRequest(result.run_id), silent, CancelToken()).undone == 30
    assert not (tmp_path / "filed").exists()


def test_a_photo_that_is_labelled_later_leaves_the_folder(engine: Engine, labelled: Path, tmp_path: Path) -> None:
    done(engine, planned(engine, labelled, tmp_path / "filed"))
    [place] = [place for place in engine.collection.photos.places_under(labelled) if place.path.name == "blue_3.jpg"]
    blue = engine.collection.classes.find("blue")
    assert place.photo_id is not None
    assert blue is not None
    assign(engine.collection, [place.photo_id], blue.id)
    assert refile(engine, RefileRequest((place.photo_id,)), silent, CancelToken()).moved == 1
    assert (tmp_path / "filed" / "blue" / "blue_3.jpg").exists()
    assert not (tmp_path / "filed" / ASIDE / "blue_3.jpg").exists()


def test_nothing_is_filed_twice_when_a_guess_becomes_sure(engine: Engine, labelled: Path, tmp_path: Path) -> None:
    done(engine, planned(engine, labelled, tmp_path / "filed", include=Include.SURE))
    again = planned(engine, labelled, tmp_path / "filed", include=Include.ALL)
    assert not any(file.action.is_filed for file in again.files)
    reasons = {skipped.reason for skipped in again.skipped if "green" in skipped.path.name}
    assert reasons == {f"it is sorted into “{ASIDE}” there already"}


def test_the_folder_is_no_class_to_learn_or_to_be_measured(engine: Engine, sorted_photos: Path) -> None:
    draw_photos(sorted_photos / ASIDE, "yellow", 8)
    train_folder(engine, TrainFolderRequest(sorted_photos), silent, CancelToken())
    assert sorted(entry.name for entry in engine.collection.classes.all()) == ["blue", "green", "red"]
    measured = evaluate(engine, EvaluateRequest(sorted_photos), silent, CancelToken())
    assert sorted(measured.class_names) == ["blue", "green", "red"]


def test_a_choice_that_an_earlier_version_stored_is_still_understood() -> None:
    assert Include("probable") is Include.LIKELY
    with pytest.raises(ValueError, match="perhaps"):
        Include("perhaps")
