"""A sort that goes on leaves the photos that a new sort would suggest otherwise by now, and no others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flowersorter.domain.journal import SuggestionChoice
from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.tables.settings import BACKBONE
from flowersorter.sorting.plan import Mode
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing import present_suggestions
from flowersorter.workflows.filing.resume import ResumeRequest, resume_run
from flowersorter.workflows.filing.sort import Include
from flowersorter.workflows.predicting.features.feature_cache import FeatureTable
from tests.unit.workflows.filing.stopped_sorts import (
    PHOTOS,
    doubt,
    go_on,
    predicted,
    start,
    suggested,
    turn,
    verdicts_of,
)


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
@pytest.mark.parametrize("include", [Include.ALL, Include.LIKELY])
def test_no_photo_stays_where_the_model_is_the_same(
    engine: Engine, folder: Path, tmp_path: Path, reopened: Callable[[], Engine], mode: Mode, include: Include
) -> None:
    start(engine, folder, tmp_path / "sorted", mode, 5, include)
    other = reopened()
    alone, together = map(suggested, (other, engine))
    assert (alone != together).sum() > PHOTOS / 20, "the folder decides about some of them"
    result = go_on(other)
    assert (result.failed, result.waiting) == (0, 0)
    assert result.filed
    assert other.folder_terms is None, "the estimates of the open folder stay as they are"


@pytest.mark.parametrize("in_same_process", [True, False])
def test_photos_stay_that_a_model_made_since_suggests_as_another_class(
    engine: Engine, folder: Path, tmp_path: Path, reopened: Callable[[], Engine], in_same_process: bool
) -> None:
    run_id = start(engine, folder, tmp_path / "sorted", Mode.COPY)
    turn(engine)
    filed = {path.name for path in (tmp_path / "sorted").rglob("*.jpg")}
    planned = {photo.source.name: photo.class_name for photo in engine.collection.journal.photos(run_id)}
    now = {name: suggestion for name, suggestion in predicted(reopened(), folder).items() if name not in filed}
    changed = {name: suggestion for name, suggestion in now.items() if suggestion != planned[name]}
    assert len(changed) > 0.9 * len(now)
    result = go_on(engine if in_same_process else reopened())
    assert (result.filed, result.failed) == (len(now) - len(changed), len(changed))
    assert {file.source.name: file.error for file in result.not_filed} == {
        name: f"its suggestion is “{suggestion}” now; sort the folder again" for name, suggestion in changed.items()
    }
    assert {path.name for path in (tmp_path / "sorted").rglob("*.jpg")} == {*planned} - {*changed}


@pytest.mark.parametrize("gone", ["model", "embeddings"])
def test_photos_without_a_suggestion_are_sorted_as_planned(
    engine: Engine, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    start(engine, folder, tmp_path / "sorted", Mode.COPY)
    turn(engine)
    if gone == "embeddings":
        monkeypatch.setattr(FeatureTable, "scored", lambda self, photo_ids, model: iter(()))
    else:
        monkeypatch.setattr(present_suggestions, "model_for", lambda *_: None)
    result = go_on(engine)
    assert (result.failed, result.waiting) == (0, 0)


@pytest.mark.parametrize("include", [Include.LIKELY, None])
def test_photos_stay_whose_suggestion_is_less_sure_than_those_that_the_sort_includes(
    engine: Engine, folder: Path, tmp_path: Path, reopened: Callable[[], Engine], include: Include | None
) -> None:
    run_id = start(engine, folder, tmp_path / "sorted", Mode.COPY, 3, include or Include.ALL)
    if include is None:
        with engine.collection.database.transaction() as connection:
            connection.execute("UPDATE runs SET backbone = NULL, included = NULL")
    doubt(engine)
    planned = {
        photo.source.name: photo.class_name
        for photo in engine.collection.journal.photos(run_id)
        if photo.state == "cancelled"
    }
    suggestions = {name: each for name, each in predicted(reopened(), folder).items() if name in planned}
    verdicts = verdicts_of(reopened(), folder)
    same = [name for name, suggestion in suggestions.items() if suggestion == planned[name]]
    doubted = {name for name in same if verdicts[name] == Verdict.UNSURE}
    assert doubted
    result = go_on(reopened())
    not_sure = {file.source.name for file in result.not_filed if file.error == "the suggestion is not sure"}
    assert not_sure == doubted
    assert result.filed == len(set(same) - doubted)


def test_photos_that_look_like_none_of_the_classes_by_now_stay(engine: Engine, folder: Path, tmp_path: Path) -> None:
    run_id = start(engine, folder, tmp_path / "sorted", Mode.COPY)
    turn(engine)
    planned = {photo.class_name for photo in engine.collection.journal.photos(run_id)}
    assert "aster" in planned
    bellis = engine.collection.classes.find("bellis")  # most photos are suggested as this one now
    assert bellis is not None
    engine.collection.classes.delete(bellis.id)
    result = go_on(engine)
    unknown = "it looks like none of the classes now; sort the folder again"
    assert sum(file.error == unknown for file in result.not_filed) > PHOTOS / 2


def test_photos_that_were_left_out_of_the_class_of_the_plan_stay(engine: Engine, folder: Path, tmp_path: Path) -> None:
    run_id = start(engine, folder, tmp_path / "sorted", Mode.COPY)
    collection = engine.collection
    waiting = [photo for photo in collection.journal.photos(run_id) if photo.state == "cancelled"]
    ids = {entry.name: entry.id for entry in collection.classes.all()}
    known = collection.photos.known([photo.sha256 for photo in waiting[:4] if photo.sha256 is not None])
    first, second, third, fourth = (known[photo.sha256 or b""] for photo in waiting[:4])
    theirs = [ids[photo.class_name] for photo in waiting[:4]]
    other = next(class_id for class_id in ids.values() if class_id != theirs[1])
    collection.labels.assign([third], theirs[2], LabelOrigin.PERSON)
    left_out = {first: theirs[0], second: other, third: theirs[2], fourth: theirs[3], 10_000: theirs[0]}
    result = resume_run(engine, ResumeRequest(left_out=left_out), silent, CancelToken())
    assert {file.source.name: file.error for file in result.not_filed} == {
        waiting[at].source.name: "you left it out when you confirmed the others" for at in (0, 3)
    }


@pytest.mark.parametrize("named", [None, "resnet18"])
def test_the_backbone_of_the_sort_suggests_unless_another_is_named(
    engine: Engine, folder: Path, tmp_path: Path, reopened: Callable[[], Engine], named: str | None
) -> None:
    run_id = start(engine, folder, tmp_path / "sorted", Mode.COPY)
    turn(engine)
    engine.collection.settings.set(BACKBONE, "resnet18")
    assert engine.collection.journal.run(run_id).suggestions == SuggestionChoice("resnet50", "all")
    with pytest.raises(UserError, match="Unknown backbone"):
        resume_run(engine, ResumeRequest(run_id, "nonsense"), silent, CancelToken())
    if named is None:
        result = go_on(reopened())
        assert result.failed > 0.9 * (result.filed + result.failed)
    else:
        result = resume_run(reopened(), ResumeRequest(run_id, named), silent, CancelToken())
        assert result.failed == 0, "there is no model of this backbone"


def test_photos_of_several_folders_stay_likewise(engine: Engine, folder: Path, tmp_path: Path) -> None:
    start(engine, folder, tmp_path / "sorted", Mode.COPY)
    with engine.collection.database.transaction() as connection:
        connection.execute("UPDATE runs SET source = NULL")
    turn(engine)
    result = go_on(engine)
    assert result.failed > 0.9 * (result.filed + result.failed)
