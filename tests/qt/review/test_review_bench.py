"""The measured person of `python -m tests.bench review` works in the window with clicks, keys and the wheel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from tests.bench.review import Person
from tests.bench.review_folders import DrawnFolder
from tests.bench.review_window import WindowDriver, settle
from tests.qt.program import COLOURS, draw_folder, running


@pytest.mark.parametrize("stacks", [False, True])
def test_the_person_reviews_a_folder_until_the_steps_show_nothing_left(
    tmp_path: Path, qtbot: QtBot, stacks: bool
) -> None:
    folder = draw_folder(tmp_path / "photos")
    files = tuple(sorted(folder.glob("IMG_*.jpg")))
    names = tuple(COLOURS)
    targets = np.array([names.index(file.stem.rsplit("_", 1)[1]) for file in files])
    targets[3] = (targets[3] + 1) % 3  # one that no group is right about
    with running(tmp_path / "collection", qtbot, folder, stacks=stacks) as program:
        settle(program, lambda: not program.window.review.progress.pending)
        driver = WindowDriver(program, DrawnFolder(folder, files, targets, names))
        person = Person(driver, targets)
        person.review()
        left = program.window.review.progress
        assert (left.groups, left.to_check) == (0, 0)
        assert np.mean(driver.filed() == targets) >= 17 / 18
        assert np.array_equal(driver.filed(), driver.suggestions())
    assert 3 <= person.decisions <= len(files)
    assert person.seconds == sum(seconds for *_, seconds in person.spent.values())
