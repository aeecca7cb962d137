"""Names of new classes that can be used, and the sentences about their folders."""

from __future__ import annotations

import pytest

from flowersorter.sorting.safe_names import folder_name
from flowersorter.workflows.labelling import class_name_remarks as class_name_remarks_module
from flowersorter.workflows.labelling.class_name_remarks import class_name_remark, class_name_remarks


@pytest.mark.parametrize("name", ["tea/hybrid", "CON", "a: b?", "x.", "~tmp", "Rosa\u2028alba"])
def test_a_class_whose_folder_has_another_name_says_which(name: str) -> None:
    assert class_name_remark(name) == f"A sort puts the class “{name}” into the folder “{folder_name(name)}”."


@pytest.mark.parametrize("name", ["rose", "Gänseblümchen", "Ga\u0308nseblu\u0308mchen", "向日葵", "tea hybrid"])
def test_a_class_whose_folder_has_its_name_says_nothing(name: str) -> None:
    assert class_name_remark(name, ["daisy"]) is None


def test_two_classes_that_would_share_a_folder_name_say_so() -> None:
    assert class_name_remark("tea/hybrid", ["rose", "Tea_Hybrid"]) == (
        "The folders of the classes “tea/hybrid” and “Tea_Hybrid” would have the same name, "
        "so one of them gets a number."
    )


def test_a_word_of_the_program_is_named() -> None:
    remark = class_name_remark("Unknown")
    assert remark is not None
    assert "the word for photos of none of your classes" in remark


def test_of_many_classes_the_first_are_said_and_the_others_counted() -> None:
    remarks = class_name_remarks([f"rosa/{number}" for number in range(9)], [])
    assert len(remarks) == 6
    assert remarks[0] == "A sort puts the class “rosa/0” into the folder “rosa_0”."
    assert remarks[-1] == "A sort puts 4 more classes into folders of other names."
    assert class_name_remarks(["rose", "a/b"], ["a_b"]) == [class_name_remark("a/b", ["a_b"])]


def test_each_of_many_classes_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = list[str]()

    def counted(name: str) -> str:
        calls.append(name)
        return folder_name(name)

    monkeypatch.setattr(class_name_remarks_module, "folder_name", counted)
    new = [f"class {number}" for number in range(300)]
    assert class_name_remarks([*new, "a/b"], ["a_b"]) == [class_name_remark("a/b", ["a_b"])]
    assert len(calls) <= 4 * len(new)
