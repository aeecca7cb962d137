"""About: versions without loading what they belong to, and the licences."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

import flowersorter
from flowersorter.ui.window import about_dialog
from flowersorter.ui.window.about_dialog import AboutDialog, licence_text, versions

ROOT = Path(__file__).parents[3]


@pytest.fixture
def dialog(qtbot: QtBot) -> AboutDialog:
    made = AboutDialog("ResNet-50")
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.open()
    return made


def test_versions_are_those_installed() -> None:
    found = dict(versions("ResNet-50"))
    assert found["FlowerSorter"] == flowersorter.__version__
    assert found["PyTorch"] == metadata.version("torch")
    assert found["Image network"] == "ResNet-50"
    libraries = {"Python", "Qt", "PySide6", "OpenVINO", "PyTorch", "torchvision", "Pillow"}
    assert set(found) == {"FlowerSorter", "Built", "Image network"} | libraries
    assert "not installed" not in found.values()


def test_the_day_of_the_build_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("flowersorter.library.files.build_info.resource", tmp_path.joinpath)
    assert dict(versions("ResNet-50"))["Built"] == "from source"
    (tmp_path / "build-date.txt").write_text("2026-11-29\n", "ascii")
    assert dict(versions("ResNet-50"))["Built"] == "2026-11-29"


def test_versions_are_told_without_loading_torch() -> None:
    code = (
        "import sys; from flowersorter.ui.window.about_dialog import versions; list(versions(''));"
        " sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_a_package_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(about_dialog, "_PACKAGES", (("Nothing", "no-such-distribution"),))
    assert dict(versions("ResNet-50"))["Nothing"] == "not installed"


def test_licence_and_notices_are_there_and_can_be_selected(dialog: AboutDialog) -> None:
    text = dialog.licence.toPlainText()
    assert text.startswith("MIT License")
    assert "Backbone weights" in text
    assert dialog.licence.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByMouse
    assert dialog.licence.isReadOnly()


def test_an_installation_without_licence_files_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(about_dialog, "_LICENCE_FILES", ("NO SUCH FILE",))
    assert "missing" in licence_text()


def test_the_installed_licence_is_preferred(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept = tmp_path / "flowersorter-9.dist-info" / "licenses" / "LICENSE"
    kept.parent.mkdir(parents=True)
    kept.write_text("The installed licence", "utf-8")
    (tmp_path / "flowersorter-9.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: flowersorter\nVersion: 9\n", "utf-8"
    )
    (tmp_path / "flowersorter-9.dist-info" / "RECORD").write_text(
        "flowersorter-9.dist-info/licenses/LICENSE,,\n", "utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert licence_text().startswith("The installed licence")


def test_a_bundle_lists_the_licences_of_all_it_holds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "licences").mkdir()
    (tmp_path / "licences" / "INDEX.txt").write_text("Qt\n    LGPL-3.0-only\n", "utf-8")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "flowersorter"))
    assert "LGPL-3.0-only" not in licence_text()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert f"{tmp_path / 'licences'}\n\nQt\n    LGPL-3.0-only" in licence_text()


def test_copy_takes_the_versions(dialog: AboutDialog) -> None:
    QTest.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert (
        QGuiApplication.clipboard()
        .text()
        .startswith(f"FlowerSorter {flowersorter.__version__}\nBuilt from source\nImage network ResNet-50\nPython 3.")
    )


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Return])
def test_a_key_closes_it(dialog: AboutDialog, key: Qt.Key) -> None:
    QTest.keyClick(dialog, key)
    assert not dialog.isVisible()


def test_nothing_is_cut_off_when_narrow(dialog: AboutDialog) -> None:
    dialog.resize(dialog.minimumWidth(), 1)
    labels = [label for label in dialog.findChildren(QLabel) if label.text()]
    assert labels
    for label in labels:
        wanted = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
        assert label.height() >= wanted, label.text()
    for label in labels:
        if not label.wordWrap():
            assert label.width() >= label.sizeHint().width(), label.text()
