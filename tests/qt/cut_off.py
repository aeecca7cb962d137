"""Finds texts in a window that have less room than they need."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QComboBox,
    QGroupBox,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QTabBar,
    QToolBar,
    QWidget,
)

from flowersorter.ui.shared.choice_box import ChoiceBox

#: Rounding of fonts.
SLACK_PX = 2
ELIDED = QSizePolicy.Policy.Ignored


def cut_off(top: QWidget, *, elided: bool = True) -> set[str]:
    """The texts that do not fit, each with the name of its widget, the room it has and the room it needs.

    Args:
        top: A window.
        elided: Whether a text may be shortened where its widget is made for that.
    """
    return {
        f"{type(widget).__name__} {widget.objectName()}: {text!r} has {has}, needs {needs} {side}"
        for widget in top.findChildren(QWidget)
        if widget.isVisible() and not _is_scrolled_in(widget, QComboBox)
        for text, side, has, needs in _rooms(widget, top, elided=elided)
        if text and needs > has + SLACK_PX
    }


def _rooms(widget: QWidget, top: QWidget, *, elided: bool) -> Iterator[tuple[str, str, int, int]]:
    """Text, side, pixels there are and pixels needed."""
    width, height = widget.width(), widget.height()
    is_narrowed = widget.maximumWidth() < widget.sizeHint().width()  # on purpose: its tool tip has the rest
    may_be_elided = elided and (is_narrowed or widget.sizePolicy().horizontalPolicy() == ELIDED)
    match widget:
        case QLabel() if not widget.text():
            return
        case QLabel() if widget.wordWrap():
            yield widget.text(), "px height", height, widget.heightForWidth(width)
        case QLabel() | QAbstractButton():
            if not may_be_elided:
                yield widget.text(), "px width", width, widget.sizeHint().width()
        case QGroupBox():
            yield widget.title(), "px width", width, widget.fontMetrics().horizontalAdvance(widget.title())
        case QLineEdit():
            text = widget.placeholderText()
            yield text, "px width", width, widget.fontMetrics().horizontalAdvance(text) + 8
        case QComboBox() if not may_be_elided:
            text = (isinstance(widget, ChoiceBox) and widget.shown_text) or widget.currentText()
            yield text, "px width", width, widget.fontMetrics().horizontalAdvance(text) + 24
        case QTabBar():
            for index in range(widget.count()):
                text = widget.tabText(index)
                yield text, "px width", widget.tabRect(index).width(), widget.fontMetrics().horizontalAdvance(text)
            yield widget.tabText(0), "px width (tabs)", width, widget.sizeHint().width()
        case QToolBar():
            yield widget.windowTitle(), "px width", width, widget.sizeHint().width()
        case _:
            return
    if isinstance(widget, (QLabel, QAbstractButton)) and not _is_scrolled_in(widget, QAbstractScrollArea):
        right = widget.mapTo(top, widget.rect().topRight()).x()
        yield widget.text(), "px from the left", top.width(), right


def _is_scrolled_in(widget: QWidget, kind: type[QWidget]) -> bool:
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, kind):
            return True
        parent = parent.parentWidget()
    return False
