"""A sort is planned with the classes as they were when its photos were read, whatever happens to them meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowersorter.domain.label import LabelOrigin
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing import sort
from flowersorter.workflows.filing.sort import SortRequest, plan_sort
from tests.unit.sorting.file_trees import remember, write

PHOTOS = 6


@pytest.fixture
def source(tmp_path: Path, collection: CollectionStore) -> Path:
    """Photos with the label Rose; Lily is another class."""
    photos = [write(tmp_path / "photos" / f"{number}.jpg", b"photo %d" % number) for number in range(PHOTOS)]
    remember(collection, tmp_path / "photos", photos)
    rose, _ = collection.classes.add("Rose"), collection.classes.add("Lily")
    photo_ids = [row[0] for row in collection.database.tuples("SELECT id FROM photos")]
    collection.labels.assign(photo_ids, rose.id, LabelOrigin.PERSON)
    return tmp_path / "photos"


def _id(collection: CollectionStore, name: str) -> int:
    return next(entry.id for entry in collection.classes.all() if entry.name == name)


@pytest.mark.parametrize(
    "change",
    [
        lambda classes, rose, lily: classes.rename(rose, "Tulip"),
        lambda classes, rose, lily: classes.merge(rose, lily),
    ],
    ids=["renamed", "merged"],
)
@pytest.mark.parametrize("when", ["rows are read", "first photos are planned"])
def test_a_class_may_change_while_the_sort_is_planned(
    engine: Engine,
    collection: CollectionStore,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Any, int, int], object],
    when: str,
) -> None:
    rose, lily = _id(collection, "Rose"), _id(collection, "Lily")
    monkeypatch.setattr(sort, "_AT_ONCE", 2)
    owner, name = (sort, "rows_for") if when == "rows are read" else (sort, "_filed_before")
    original, calls = getattr(owner, name), list[int]()

    def changing(*arguments: Any) -> Any:
        found = original(*arguments)
        if not calls:
            change(collection.classes, rose, lily)
        calls.append(1)
        return found

    monkeypatch.setattr(owner, name, changing)
    plan = plan_sort(engine, SortRequest(source, tmp_path / "sorted"), silent, CancelToken())
    [(class_name, count)] = plan.counts_by_class.items()
    assert count == PHOTOS
    assert {file.destination.parent.name for file in plan.files} == {class_name}
