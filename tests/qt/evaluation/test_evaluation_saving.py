"""Saving an evaluation from the window: pictures here, the page and the tables by a job."""

from __future__ import annotations

import threading
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

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


def painted(dialog: EvaluationDialog, action: str, qtbot: QtBot) -> tuple[Path, bytes]:
    """The file and the picture that a job is to write."""
    with qtbot.waitSignal(dialog.picture_painted) as asked:
        getattr(dialog.save_menu, action).trigger()
    file, picture = asked.args
    assert not file.exists()
    return file, picture


def test_the_picture_has_everything(
    dialog: EvaluationDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _name(monkeypatch, tmp_path / "figures.png")
    file, picture = painted(dialog, "save_png", qtbot)
    assert file == tmp_path / "figures.png"
    without = QImage.fromData(picture)
    assert without.height() > dialog.mistakes.matrix.whole_size().height()  # all thirty rows
    assert without.width() >= dialog.mistakes.matrix.whole_size().width()
    dialog.learning.show_curve(learning_points(0.6, 0.8))
    assert QImage.fromData(painted(dialog, "save_png", qtbot)[1]).height() > without.height()


def test_the_drawing_is_vectors(
    dialog: EvaluationDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _name(monkeypatch, tmp_path / "figures")
    file, picture = painted(dialog, "save_svg", qtbot)
    assert file == tmp_path / "figures.svg"
    texts = [each.text for each in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert "Accuracy about 60 % (between 31 and 83 %)" in " ".join(t or "" for t in texts)
    assert "Confidence" in texts


@pytest.mark.parametrize("action", ["save_page", "save_png"])
def test_a_drive_that_is_away_is_asked_in_another_thread(
    dialog: EvaluationDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    asked_in, gate = list[threading.Thread](), threading.Event()

    def exists(_path: Path) -> bool:
        asked_in.append(threading.current_thread())
        return gate.wait() and False

    wanted = dialog.report_wanted if action == "save_page" else dialog.picture_painted
    _name(monkeypatch, tmp_path / "figures")
    with monkeypatch.context() as away:
        away.setattr(Path, "exists", exists)
        with qtbot.waitSignal(wanted) as saved:
            getattr(dialog.save_menu, action).trigger()  # comes back, although the drive does not answer
            qtbot.waitUntil(lambda: bool(asked_in))
            assert not saved.signal_triggered
            gate.set()
    assert threading.main_thread() not in asked_in
    assert not list(tmp_path.iterdir())


def test_a_cancelled_save_writes_nothing(
    dialog: EvaluationDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _name(monkeypatch, "")
    with qtbot.assertNotEmitted(dialog.report_wanted), qtbot.assertNotEmitted(dialog.picture_painted):
        for action in ("save_page", "save_tables", "save_png", "save_svg"):
            getattr(dialog.save_menu, action).trigger()
    assert not list(tmp_path.iterdir())
