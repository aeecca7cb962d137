"""Classes: names, former names, order, origin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_class import PALETTE, ClassOrigin
from flowersorter.errors import ClassRefused
from flowersorter.library.database.connection import Database
from flowersorter.library.tables.class_names import class_key, class_name_of_folder, validated_name
from flowersorter.library.tables.classes import ClassTable
from flowersorter.library.tables.labels import LabelTable


@pytest.fixture
def classes(database: Database) -> ClassTable:
    return ClassTable(database)


@pytest.fixture
def labels(database: Database) -> LabelTable:
    return LabelTable(database)


def names(classes: ClassTable) -> list[str]:
    return [photo_class.name for photo_class in classes.all()]


def test_a_class_goes_to_the_end_with_a_colour_of_its_own(classes: ClassTable) -> None:
    added = [classes.add(f"class {number}") for number in range(len(PALETTE) + 2)]
    assert classes.all() == added
    assert [photo_class.position for photo_class in added] == list(range(len(added)))
    assert [photo_class.colour for photo_class in added] == [*PALETTE, *PALETTE[:2]]


def test_a_freed_colour_is_used_again_and_a_freed_id_is_not(classes: ClassTable) -> None:
    first, second = classes.add("first"), classes.add("second")
    classes.delete(second.id)
    third = classes.add("third")
    assert third.colour == second.colour != first.colour
    assert third.id > second.id


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "needs a name"),
        (" \t ", "needs a name"),
        ("x" * 101, "more than 100 characters"),
        ("two\nlines", "cannot be displayed"),
        ("bell\x07", "cannot be displayed"),
        ("line\u2028end", "cannot be displayed"),
        ("half\udcff", "cannot be displayed"),
        ("\u202egpj.exe", "change the text direction"),
        ("..", "looks like a path"),
        ("../../etc", "looks like a path"),
        ("C:\\photos", "looks like a path"),
        ("not SURE", "FlowerSorter is not sure about"),
        ("duplicates ", "the folder for duplicates"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(classes: ClassTable, name: str, reason: str) -> None:
    with pytest.raises(ClassRefused, match=reason) as caught:
        classes.add(name)
    str(caught.value).encode()
    assert classes.all() == []


@pytest.mark.parametrize("name", ["Gänseblümchen", "向日葵", "x" * 100, "a/b: c?", "👩‍🌾", "tea/hybrid", "CON"])
def test_any_other_name_is_a_name(classes: ClassTable, name: str) -> None:
    assert classes.add(f" {name} ").name == name
    assert names(classes) == [name]


@pytest.mark.parametrize(
    ("first", "same"),
    [("Rose", "rOSE"), ("Gänseblümchen", "GA\u0308NSEBLU\u0308MCHEN"), ("Straße", "STRASSE"), ("Rose", " Rose ")],
)
def test_case_and_composition_make_no_other_class(classes: ClassTable, first: str, same: str) -> None:
    added = classes.add(first)
    with pytest.raises(ClassRefused, match="there is already a class"):
        classes.add(same)
    assert classes.find(same) == added
    assert classes.resolve(same, ClassOrigin.PERSON) == added


def test_resolve_makes_what_is_new(classes: ClassTable) -> None:
    made = classes.resolve("Rose", ClassOrigin.FOLDER)
    assert made.origin is ClassOrigin.FOLDER
    assert classes.all() == [made]
    assert classes.find("Tulip") is None


def test_new_classes_are_made_in_natural_order(classes: ClassTable) -> None:
    there = classes.add("bed 3", ClassOrigin.MODEL)
    found = classes.resolve_all(["bed 10", "Bed 3", "Bed 2", "bed 1.10", "bed 1.9", "bed 1"], ClassOrigin.FOLDER)
    assert names(classes) == ["bed 3", "bed 1", "bed 1.9", "bed 1.10", "Bed 2", "bed 10"]
    assert found["Bed 3"].id == there.id
    assert {each.id for each in found.values()} == {each.id for each in classes.all()}
    assert {each.origin for each in classes.all()} == {ClassOrigin.FOLDER}


def test_where_one_name_cannot_be_used_none_is_made(classes: ClassTable) -> None:
    with pytest.raises(ClassRefused, match="cannot be displayed"):
        classes.resolve_all(["ash", "bell\x07", "elder"], ClassOrigin.FOLDER)
    assert names(classes) == []


@pytest.mark.parametrize("origin", [ClassOrigin.PERSON, ClassOrigin.FOLDER])
def test_a_class_of_a_model_becomes_whose_it_is_named_by(classes: ClassTable, origin: ClassOrigin) -> None:
    classes.add("Rose", ClassOrigin.MODEL)
    assert classes.resolve("rose", origin).origin is origin
    assert classes.resolve("rose", ClassOrigin.MODEL).origin is origin
    assert classes.all()[0].origin is origin


def test_a_former_name_still_means_the_class(classes: ClassTable) -> None:
    daisy = classes.add("daisy", ClassOrigin.MODEL)
    classes.rename(daisy.id, "Gänseblümchen")
    classes.rename(daisy.id, "Bellis")
    for name in ("DAISY", "gänseblümchen", "bellis"):
        found = classes.resolve(name, ClassOrigin.MODEL)
        assert (found.id, found.name, found.origin) == (daisy.id, "Bellis", ClassOrigin.PERSON)


def test_a_class_can_take_a_former_name_of_its_own_back(classes: ClassTable) -> None:
    daisy = classes.add("daisy")
    classes.rename(daisy.id, "Bellis")
    classes.rename(daisy.id, "Daisy")
    assert names(classes) == ["Daisy"]
    found = classes.find("bellis")
    assert found is not None
    assert found.id == daisy.id


def test_only_the_case_of_a_name_can_be_changed(classes: ClassTable) -> None:
    daisy = classes.add("daisy")
    classes.rename(daisy.id, "Daisy")
    assert names(classes) == ["Daisy"]


def test_a_name_comes_before_a_former_name(classes: ClassTable) -> None:
    old = classes.add("daisy")
    classes.rename(old.id, "Bellis")
    new = classes.add("daisy")
    assert classes.find("daisy") == new
    classes.delete(new.id)
    found = classes.find("daisy")
    assert found is not None
    assert found.id == old.id


def test_a_name_that_is_taken_cannot_be_renamed_to(classes: ClassTable) -> None:
    classes.add("Rose")
    tulip = classes.add("Tulip")
    with pytest.raises(ClassRefused, match="already a class “Rose”"):
        classes.rename(tulip.id, "rose")
    assert names(classes) == ["Rose", "Tulip"]
    with pytest.raises(ClassRefused, match="does not exist any more"):
        classes.rename(999, "Violet")


def test_a_class_made_by_mistake_goes_and_comes_back_as_it_was(
    classes: ClassTable, labels: LabelTable, photo_ids: list[int]
) -> None:
    made = [classes.add(name) for name in "abc"]
    assert classes.take_out(made[1].id)
    assert names(classes) == ["a", "c"]
    assert classes.meant_by(["a", "b"]) == [made[0].id, 0], "a model that learned it does not bring it back"
    classes.put_back(made[1])
    assert classes.meant_by(["a", "b"]) == [made[0].id, made[1].id]
    assert classes.all() == made
    labels.assign(photo_ids[:1], made[1].id, LabelOrigin.PERSON)
    assert not classes.take_out(made[1].id)
    assert names(classes) == ["a", "b", "c"]
    with pytest.raises(ClassRefused, match="already"):
        classes.put_back(made[1])


def test_a_deleted_name_means_nothing_until_it_is_used_again(classes: ClassTable) -> None:
    rose = classes.add("Rose")
    classes.rename(rose.id, "Rosa")
    classes.delete(rose.id)
    assert classes.meant_by(["rose", "ROSA"]) == [0, 0]
    assert classes.without_deleted(["rose", "Rosa", "tulip"]) == ["tulip"]
    assert names(classes) == []
    again = classes.resolve("rosa", ClassOrigin.FOLDER)
    assert classes.meant_by(["rose", "ROSA"]) == [0, again.id]
    classes.bring_back(["rose"])
    assert len(set(classes.meant_by(["rose", "ROSA"]))) == 2
    assert names(classes) == ["rosa", "rose"]


def test_a_deleted_class_comes_back_with_its_labels_though_a_model_named_it_meanwhile(
    classes: ClassTable, labels: LabelTable, photo_ids: list[int]
) -> None:
    rose = classes.add("Rose")
    labels.assign(photo_ids[:2], rose.id, LabelOrigin.PERSON)
    removed = classes.delete(rose.id)
    assert removed is not None
    classes.bring_back(["rose"])
    classes.meant_by(["rose"])
    assert names(classes) == ["rose"]
    classes.restore(removed)
    assert names(classes) == ["Rose"]
    assert labels.counts() == {rose.id: 2}


def test_but_not_in_the_place_of_one_that_has_labels(
    classes: ClassTable, labels: LabelTable, photo_ids: list[int]
) -> None:
    removed = classes.delete(classes.add("Rose").id)
    assert removed is not None
    labels.assign(photo_ids[:1], classes.add("rose", ClassOrigin.MODEL).id, LabelOrigin.PERSON)
    with pytest.raises(ClassRefused, match="already a class"):
        classes.restore(removed)
    assert sum(labels.counts().values()) == 1


def test_merging_moves_labels_and_names(classes: ClassTable, labels: LabelTable, photo_ids: list[int]) -> None:
    rose, wild = classes.add("Rose", ClassOrigin.MODEL), classes.add("Wild rose")
    classes.rename(wild.id, "Dog rose")
    labels.assign(photo_ids[:2], rose.id, LabelOrigin.PERSON)
    labels.assign(photo_ids[2:5], wild.id, LabelOrigin.FOLDER)
    classes.merge(wild.id, rose.id)
    assert labels.counts() == {rose.id: 5}
    assert labels.get(photo_ids[2:3])[photo_ids[2]].origin is LabelOrigin.FOLDER
    [left] = classes.all()
    assert (left.id, left.origin) == (rose.id, ClassOrigin.PERSON)
    for name in ("wild rose", "dog rose", "rose"):
        assert classes.find(name) == left


def test_a_class_cannot_be_merged_with_itself_or_a_ghost(classes: ClassTable) -> None:
    rose = classes.add("Rose")
    for pair in [(rose.id, rose.id), (rose.id, 999), (999, rose.id)]:
        with pytest.raises(ClassRefused):
            classes.merge(*pair)
    assert names(classes) == ["Rose"]


def test_deleting_a_class_clears_its_labels_and_names(
    classes: ClassTable, labels: LabelTable, photo_ids: list[int]
) -> None:
    rose, tulip, violet = (classes.add(name) for name in ("Rose", "Tulip", "Violet"))
    classes.rename(rose.id, "Rosa")
    labels.assign(photo_ids, rose.id, LabelOrigin.PERSON)
    classes.delete(rose.id)
    assert labels.all() == {}
    assert classes.find("rose") is None
    assert [(found.id, found.position) for found in classes.all()] == [(tulip.id, 0), (violet.id, 1)]
    classes.delete(rose.id)


def test_the_order_is_the_persons(classes: ClassTable) -> None:
    made = [classes.add(name) for name in "abcd"]
    classes.reorder([made[3].id, 999, made[1].id])
    assert names(classes) == ["d", "b", "a", "c"]
    assert [found.position for found in classes.all()] == [0, 1, 2, 3]
    assert {found.name: found.colour for found in classes.all()} == {made_.name: made_.colour for made_ in made}


def test_classes_only_a_former_model_knew_vanish(classes: ClassTable, labels: LabelTable, photo_ids: list[int]) -> None:
    for name in ("gone", "labelled", "still known", "renamed", "old name"):
        classes.add(name, ClassOrigin.MODEL)
    classes.add("the person's")
    classes.add("a folder's", ClassOrigin.FOLDER)
    found = {photo_class.name: photo_class.id for photo_class in classes.all()}
    labels.assign(photo_ids[:1], found["labelled"], LabelOrigin.PERSON)
    classes.rename(found["renamed"], "mine")
    classes.keep_model_classes(["STILL KNOWN", "something else"])
    assert names(classes) == ["labelled", "still known", "mine", "the person's", "a folder's"]


@pytest.mark.parametrize("folder", ["rose", "café", "Größe 10", "a.b", "..."])
def test_the_class_of_a_folder_has_its_name(folder: str) -> None:
    assert class_name_of_folder(folder) == folder


@pytest.mark.parametrize(
    ("folder", "name"),
    [("~", "%7E"), ("..", "%2E."), ("C:\\x", "C:%5Cx"), ("caf\udce9", "caf%E9"), ("a\x01b", "a%01b"), (" ", "%20")],
)
def test_what_cannot_stand_in_the_name_of_a_class_is_written_as_bytes(folder: str, name: str) -> None:
    assert class_name_of_folder(folder) == name == validated_name(name)


@given(st.lists(st.text(max_size=120), min_size=2, max_size=2, unique_by=class_key))
def test_every_folder_has_a_class_of_its_own(folders: list[str]) -> None:
    names = [class_name_of_folder(folder) for folder in folders]
    assert [validated_name(name) for name in names] == names
    assert len(set(names)) == 2
