"""Labels: given, taken, and brought back."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.errors import UserError
from flowersorter.library.database.connection import Database
from flowersorter.library.tables.classes import ClassTable
from flowersorter.library.tables.labels import LabelTable

PERSON, FOLDER = LabelOrigin.PERSON, LabelOrigin.FOLDER


@pytest.fixture
def labels(database: Database) -> LabelTable:
    return LabelTable(database)


@pytest.fixture
def class_ids(database: Database) -> list[int]:
    classes = ClassTable(database)
    return [classes.add(name).id for name in ("Rose", "Tulip", "Violet")]


def test_assigning_returns_the_former_labels(labels: LabelTable, photo_ids: list[int], class_ids: list[int]) -> None:
    rose, tulip, _ = class_ids
    first, second, third, *_ = photo_ids
    assert labels.assign([first, second], rose, FOLDER) == {first: None, second: None}
    before = labels.assign([second, third], tulip, PERSON)
    assert before == {second: Label(rose, FOLDER), third: None}
    assert labels.all() == {first: Label(rose, FOLDER), second: Label(tulip, PERSON), third: Label(tulip, PERSON)}
    assert labels.get([third, photo_ids[5]]) == {third: Label(tulip, PERSON)}
    assert labels.counts() == {rose: 1, tulip: 2}


def test_class_ids_come_by_rising_photo_id(labels: LabelTable, photo_ids: list[int], class_ids: list[int]) -> None:
    """What is trained on them depends on the order, and an index of the table orders them by class."""
    rose, tulip, _ = class_ids
    for photo_id, class_id in zip(photo_ids[:4], [tulip, rose, tulip, rose], strict=True):
        labels.assign([photo_id], class_id, PERSON)
    expected = [(photo_id, label.class_id) for photo_id, label in sorted(labels.all().items())]
    assert list(labels.class_ids().items()) == expected


def test_clearing_can_be_undone(labels: LabelTable, photo_ids: list[int], class_ids: list[int]) -> None:
    labels.assign(photo_ids[:3], class_ids[0], PERSON)
    there = labels.all()
    before = labels.clear(photo_ids)
    assert labels.all() == {}
    labels.restore(before)
    assert labels.all() == there


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(data=st.data())
def test_any_chain_of_changes_can_be_undone(
    data: st.DataObject, labels: LabelTable, photo_ids: list[int], class_ids: list[int]
) -> None:
    some_photos = st.lists(st.sampled_from(photo_ids), unique=True)
    label = st.builds(Label, st.sampled_from(class_ids), st.sampled_from(LabelOrigin))
    start = labels.all()
    done: list[dict[int, Label | None]] = []
    for _ in range(data.draw(st.integers(1, 6))):
        match data.draw(st.sampled_from(["assign", "many", "clear"])):
            case "assign":
                given_label = data.draw(label)
                chosen = data.draw(some_photos)
                done.append(labels.assign(chosen, given_label.class_id, given_label.origin))
            case "many":
                done.append(labels.assign_many(data.draw(st.dictionaries(st.sampled_from(photo_ids), label))))
            case _:
                done.append(labels.clear(data.draw(some_photos)))
    for before in reversed(done):
        labels.restore(before)
    assert labels.all() == start


def test_labels_survive_closing(database: Database, photo_ids: list[int], class_ids: list[int]) -> None:
    LabelTable(database).assign(photo_ids, class_ids[1], PERSON)
    database.close()
    again = Database(database.file)
    assert LabelTable(again).counts() == {class_ids[1]: 6}
    again.close()


def test_a_class_that_is_gone_gives_a_clear_error(
    labels: LabelTable, photo_ids: list[int], class_ids: list[int], database: Database
) -> None:
    labels.assign(photo_ids[:1], class_ids[0], PERSON)
    before = labels.assign(photo_ids, class_ids[1], PERSON)
    ClassTable(database).delete(class_ids[0])
    there = labels.all()
    with pytest.raises(UserError, match="not in the library any more"):
        labels.restore(before)
    with pytest.raises(UserError, match="not in the library any more"):
        labels.assign([99999], class_ids[1], PERSON)
    assert labels.all() == there


def test_thousands_at_once(labels: LabelTable, class_ids: list[int], database: Database) -> None:
    with database.transaction() as connection:
        connection.executemany(
            "INSERT INTO photos (id, sha256, size_bytes, width_px, height_px) VALUES (?, ?, 1, 1, 1)",
            [(number, number.to_bytes(32, "big")) for number in range(1, 3001)],
        )
    ids = list(range(1, 3001))
    before = labels.assign(ids, class_ids[0], FOLDER)
    assert list(before) == ids
    assert len(labels.get(ids)) == 3000
    assert labels.assign_many({1: Label(class_ids[1], PERSON)}) == {1: Label(class_ids[0], FOLDER)}
