"""The bar above the photos of a folder that does not fit the classes."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from flowersorter.ui.review.first_folder_bar import FirstFolderBar


def test_a_narrow_bar_has_its_answers_below_the_sentence(qtbot: QtBot) -> None:
    bar = FirstFolderBar()
    qtbot.addWidget(bar)
    bar.resize(760, 60)
    bar.offer_own_classes(["daisy", "dandelion", "roses", "sunflowers", "tulips"])
    with qtbot.waitExposed(bar):
        bar.show()
    assert bar.accept.geometry().left() > bar.text.geometry().right()
    bar.resize(390, 120)
    qtbot.waitUntil(lambda: bar.accept.y() >= bar.text.geometry().bottom())
    assert bar.text.width() > 300
