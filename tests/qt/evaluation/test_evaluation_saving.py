"""Saving an evaluation from the window: pictures here, the page and the tables by a job."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from flowersorter.errors import UserError
from flowersorter.ui.evaluation import evaluation_saving
from flowersorter.ui.evaluation.evaluation_dialog import EvaluationDialog
from tests.evaluations import evaluation, learning_points


@pytest.fixture
def dialog(qtbot: QtBot) -> EvaluationDialog:
    made = EvaluationDialog(evaluation(30))
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def _name(monkeypatch: pytest.MonkeyPatch, file: Path | str) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))


@pytest.mark.parametrize(
    ("action", "named", "wanted"),
    [
        ("save_page", "how good", "how good.html"),
        ("save_page", "how good.HTML", "how good.HTML"),
        ("save_tables", "spring 1.2", "spring 1.2.csv"),
    ],
)
def test_page_and_tables_are_a_job_for_somebody_else(
    dialog: EvaluationDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str, named: str,
    wanted: str,
) -> None:  # fmt: skip
    _name(monkeypatch, tmp_path / named)
    with qtbot.waitSignal(dialog.report_wanted) as asked:
        getattr(dialog.save_menu, action).trigger()
    assert asked.args == [tmp_path / wanted]
    assert not list(tmp_path.iterdir())


def test_the_picture_has_everything(dialog: EvaluationDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _name(monkeypatch, tmp_path / "figures.png")
    dialog.save_menu.save_png.trigger()
    without = QImage(str(tmp_path / "figures.png"))
    assert without.height() > dialog.classes.matrix.whole_size().height()  # all thirty rows
    assert without.width() >= dialog.classes.matrix.whole_size().width()
    dialog.learning.show_curve(learning_points(0.6, 0.8))
    dialog.save_menu.save_png.trigger()
    assert QImage(str(tmp_path / "figures.png")).height() > without.height()


def test_the_drawing_is_vectors(dialog: EvaluationDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _name(monkeypatch, tmp_path / "figures")
    dialog.save_menu.save_svg.trigger()
    root = ElementTree.parse(tmp_path / "figures.svg").getroot()
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "Accuracy about 60 % (between 31 and 83 %)" in " ".join(t or "" for t in texts)
    assert "Confidence" in texts


@pytest.mark.parametrize("action", ["save_png", "save_svg"])
def test_what_cannot_be_saved_is_said(
    dialog: EvaluationDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    said: list[UserError] = []
    monkeypatch.setattr(evaluation_saving, "show_error", lambda _parent, error: said.append(error))
    _name(monkeypatch, tmp_path / "no folder" / "it")
    getattr(dialog.save_menu, action).trigger()
    assert [error.what for error in said] == [f"it.{action.removeprefix('save_')} was not saved"]
    assert said[0].why


def test_a_cancelled_save_writes_nothing(
    dialog: EvaluationDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _name(monkeypatch, "")
    with qtbot.assertNotEmitted(dialog.report_wanted):
        for action in ("save_page", "save_tables", "save_png", "save_svg"):
            getattr(dialog.save_menu, action).trigger()
    assert not list(tmp_path.iterdir())
