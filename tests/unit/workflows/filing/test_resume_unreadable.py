"""A sort that goes on while its suggestions cannot be read, or the library changes, loses and guesses nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flowersorter.errors import CacheUnusable, CollectionDamaged, LibraryFull, UserError
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.sorting.plan import Mode
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing import present_suggestions
from flowersorter.workflows.filing.resume import ResumeRequest, resume_run
from flowersorter.workflows.filing.sort import RunSortRequest, SortRequest, plan_sort, run_sort
from flowersorter.workflows.predicting.predict_folder import predict_together_by
from tests.unit.workflows.filing.stopped_sorts import (
    PHOTOS,
    failing,
    go_on,
    label_the_rest,
    start,
    turn,
)


def test_photos_without_a_label_stay_where_the_model_is_damaged(
    engine: Engine, folder: Path, tmp_path: Path, reopened: Callable[[], Engine]
) -> None:
    start(engine, folder, tmp_path / "sorted", Mode.COPY)
    labelled = label_the_rest(engine, 3)
    for file in (engine.collection.folder / "models").iterdir():
        file.write_bytes(file.read_bytes()[:100])
    result = go_on(reopened())
    assert result.filed == len(labelled) == 3
    assert result.failed > PHOTOS / 2
    [why] = {file.error for file in result.not_filed}
    assert why is not None
    assert why.startswith("the suggestions could not be compared: The model file ")


def test_photos_without_a_label_stay_where_the_embeddings_cannot_be_read(
    engine: Engine, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(engine, folder, tmp_path / "sorted", Mode.COPY)
    labelled = label_the_rest(engine, 3)
    monkeypatch.setattr(Engine, "features", failing(CacheUnusable("The embeddings cannot be read", "the disk fails")))
    result = go_on(engine)
    assert result.filed == len(labelled) == 3
    assert {file.error for file in result.not_filed} == {
        "the suggestions could not be compared: The embeddings cannot be read: the disk fails"
    }


@pytest.mark.parametrize("error", [CollectionDamaged("The library is damaged"), LibraryFull("It is full")])
def test_a_library_that_cannot_be_used_ends_the_sort(
    engine: Engine, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: UserError
) -> None:
    run_id = start(engine, folder, tmp_path / "sorted", Mode.COPY)
    filed = engine.collection.journal.run(run_id).photos
    monkeypatch.setattr(present_suggestions, "model_for", failing(error))
    with pytest.raises(type(error)):
        go_on(engine)
    run = engine.collection.journal.run(run_id)
    assert (run.photos, run.can_be_resumed) == (filed, True)


def test_photos_of_a_class_that_is_deleted_while_suggestions_are_computed_stay(
    engine: Engine, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(engine, folder, tmp_path / "sorted", Mode.COPY)

    def slowly(*arguments: Any) -> Any:
        found = predict_together_by(*arguments)
        for entry in engine.collection.classes.all():
            engine.collection.classes.delete(entry.id)
        return found

    monkeypatch.setattr(present_suggestions, "predict_together_by", slowly)
    result = go_on(engine)
    assert result.filed == 0
    assert all("does not exist any more" in str(file.error) for file in result.not_filed)


def test_photos_stay_whose_suggested_class_is_deleted_while_suggestions_are_computed(
    engine: Engine, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(engine, folder, tmp_path / "sorted", Mode.COPY)
    turn(engine)

    def slowly(*arguments: Any) -> Any:
        found = predict_together_by(*arguments)
        entry = engine.collection.classes.find("bellis")
        assert entry is not None
        engine.collection.classes.delete(entry.id)
        return found

    monkeypatch.setattr(present_suggestions, "predict_together_by", slowly)
    result = go_on(engine)
    assert result.failed > 0.9 * (result.filed + result.failed)


def test_photos_of_a_sort_stay_that_are_not_known_in_its_folder_any_more(
    engine: Engine, folder: Path, tmp_path: Path
) -> None:
    start(engine, folder, tmp_path / "sorted", Mode.COPY)
    turn(engine)
    engine.collection.photos.sync_folder(folder, [])
    result = go_on(engine)
    assert result.failed > 0.9 * (result.filed + result.failed)


def test_labelled_photos_that_were_moved_out_of_the_folder_tell_of_its_classes(
    engine: Engine, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(engine, folder, tmp_path / "sorted", Mode.MOVE)
    elsewhere = plan_sort(engine, SortRequest((folder,), tmp_path / "before", Mode.MOVE), silent, CancelToken())
    files = elsewhere.files[-2:]
    run_sort(engine, RunSortRequest(replace(elsewhere, files=files)), silent, CancelToken())
    known = engine.collection.photos.known([file.filing.sha256 for file in files])
    given: list[set[int]] = []

    def watched(*arguments: Any) -> Any:
        given.append(set(arguments[-1]))
        return predict_together_by(*arguments)

    monkeypatch.setattr(present_suggestions, "predict_together_by", watched)
    resume_run(engine, ResumeRequest(engine.collection.journal.runs()[1].id), silent, CancelToken())
    assert [moved >= set(known.values()) for moved in given] == [True]


def test_a_sort_that_goes_on_makes_no_class(
    engine: Engine, folder: Path, tmp_path: Path, reopened: Callable[[], Engine]
) -> None:
    start(engine, folder, tmp_path / "sorted", Mode.COPY)
    turn(engine)
    with engine.collection.database.transaction() as connection:  # as if a model with a class more was imported
        connection.execute("DELETE FROM labels WHERE class_id = (SELECT id FROM classes WHERE name = 'bellis')")
        connection.execute("DELETE FROM classes WHERE name = 'bellis'")
    before = engine.collection.classes.all()
    result = go_on(reopened())
    assert engine.collection.classes.all() == before
    assert result.failed > 0.9 * (result.filed + result.failed)


def test_progress_says_that_classes_are_suggested(engine: Engine, folder: Path, tmp_path: Path) -> None:
    start(engine, folder, tmp_path / "sorted", Mode.COPY)
    stages: list[str] = []

    def hear(news: object) -> None:
        if isinstance(news, Progress) and news.stage not in stages[-1:]:
            stages.append(news.stage)

    resume_run(engine, ResumeRequest(), hear, CancelToken())
    assert stages == ["Planning", "Suggesting classes", "Planning", "Copying photos"]
