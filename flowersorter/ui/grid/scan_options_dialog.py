"""Asks which folders and photos below the open folders a scan leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QLabel, QPlainTextEdit, QWidget

from flowersorter.photos.scanning.scan_options import ScanOptions
from flowersorter.ui.shared.indicators import CheckBox
from flowersorter.ui.shared.widgets import (
    FittedDialog,
    breakable,
    button,
    button_row,
    column_of,
    describe,
    plain,
    text_label,
)

PATTERN_LINES = 5


class ScanOptionsDialog(FittedDialog):
    """Shows the options of the open folders, to be changed.

    Args:
        folders: Their paths.
        options: The present ones.
        parent: The window.

    Attributes:
        folders: The folders that the options are for.
    """

    def __init__(self, folders: Sequence[Path], options: ScanOptions, parent: QWidget | None = None) -> None:
        super().__init__(60, 42, parent)
        self.setObjectName("scan_options_dialog")
        self.setWindowTitle(self.tr("Scan options"))
        self.folders = tuple(folders)
        names = breakable(", ".join(map(str, folders)))
        intro = text_label(self, "scan_options_intro", self.tr("For {0}").format(names))
        self.recursive = self._box("scan_recursive", self.tr("Scan &sub-folders"), checked=options.recursive)
        text = self.tr("Follow &links to other folders")
        self.follow_links = self._box("scan_follow_links", text, checked=options.follow_links)
        question = QLabel(self.tr("Leave &out, one name or pattern a line:"), self)
        self.exclude = QPlainTextEdit("\n".join(options.exclude), self)
        self.exclude.setObjectName("scan_exclude")
        describe(self.exclude, plain(question.text()).rstrip(":"))
        self.exclude.setTabChangesFocus(True)
        self.exclude.setFixedHeight(self.fontMetrics().lineSpacing() * (PATTERN_LINES + 1))
        self.exclude.setPlaceholderText("raw\n*.tif\n2024/**/drafts")
        question.setBuddy(self.exclude)
        hint = self.tr(
            "* stands for any letters of a name, ** for folders at any depth. Nothing is deleted: photos that are left "
            "out keep their labels, and are neither shown nor sorted."
        )
        self.ok_button = button(self, "scan_options_ok", self.tr("OK"), self.tr("Use these options and scan again"))
        self.ok_button.setDefault(True)
        self.cancel_button = button(self, "scan_options_cancel", self.tr("Cancel"), self.tr("Cancel (Esc)"))
        column = column_of(self)
        note = text_label(self, "scan_options_hint", hint, muted=True)
        for each in (intro, self.recursive, self.follow_links, question, self.exclude, note):
            column.addWidget(each)
        column.addStretch(1)
        column.addLayout(button_row([], [self.cancel_button, self.ok_button]))
        self.ok_button.clicked.connect(self.accept)
        self.cancel_button.clicked.connect(self.reject)

    @property
    def options(self) -> ScanOptions:
        """The options as the dialog shows them."""
        lines = (line.strip() for line in self.exclude.toPlainText().splitlines())
        return ScanOptions(
            tuple(dict.fromkeys(line for line in lines if line)),
            self.recursive.isChecked(),
            self.follow_links.isChecked(),
        )

    def _box(self, name: str, text: str, *, checked: bool) -> CheckBox:
        box = CheckBox(text, self)
        box.setObjectName(name)
        describe(box, plain(text))
        box.setChecked(checked)
        return box
