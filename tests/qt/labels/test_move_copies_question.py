"""The question whether sorted copies follow a label is asked once, however fast labels change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import MOVE_SORTED_COPIES
from flowersorter.ui.labels import labels_controller, move_copies_question
from flowersorter.ui.labels.refile_controller import RefileController
from flowersorter.workflows.filing.sorted_photos import moves_sorted_copies
from tests.qt.program import idle, running, stored


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """A program in which each correction is of a sorted photo."""

    def misfiled(collection: CollectionStore, _photo_ids: tuple[int, ...]) -> tuple[int, bool | None]:
        return 1, moves_sorted_copies(collection)

    monkeypatch.setattr(labels_controller, "_misfiled", misfiled)
    with running(tmp_path / "collection", qtbot) as program:
        idle(program, qtbot)
        yield program


@pytest.fixture
def followed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The corrections that sorted copies follow."""
    corrections: list[int] = []
    monkeypatch.setattr(RefileController, "follow", lambda _self, correction, _photos: corrections.append(correction))
    return corrections


@pytest.mark.parametrize("answer", [True, False, None])
def test_corrections_before_the_answer_share_it(
    program: Program, followed: list[int], monkeypatch: pytest.MonkeyPatch, answer: bool | None
) -> None:
    labels, asked = program.window.labels, list[int]()

    def ask(count: int) -> bool | None:
        asked.append(count)
        labels._follow(2, [2])
        stored(program)  # the window hears of it while the question is open
        if answer is not None:
            labels._follow(3, [3])  # and of this one after the answer, which is not stored yet
        return answer

    monkeypatch.setattr(move_copies_question, "ask_to_move_copies", ask)
    labels._follow(1, [1])
    stored(program)
    assert asked == [1]
    assert followed == ([1, 2, 3] if answer else [])
    assert stored(program).settings.get(MOVE_SORTED_COPIES) == {True: "yes", False: "no", None: ""}[answer]


def test_nothing_is_asked_over_a_window_that_is_being_closed(
    program: Program, followed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(move_copies_question, "ask_to_move_copies", asked.append)
    program.window.hide()
    program.window.labels._follow(1, [1])
    stored(program)
    assert (asked, followed) == ([], [])
