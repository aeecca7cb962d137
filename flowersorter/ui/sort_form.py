"""What a person chooses before photos are filed: where to, how, and which."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from flowersorter.sorting.plan import Mode
from flowersorter.ui import theme
from flowersorter.workflows.sort import Include


@dataclass(frozen=True, slots=True)
class SortChoices:
    """What was chosen.

    Attributes:
        destination: Gets one folder per class; absolute.
        mode: Copy, move or link.
        include: Which photos.
    """

    destination: Path
    mode: Mode = Mode.COPY
    include: Include = Include.ALL


class SortForm(QWidget):
    """Destination, mode and which photos.

    Signals:
        changed(): Something was chosen; see `choices`.
        finished_typing(): Enter was pressed in the destination.
    """

    changed = Signal()
    finished_typing = Signal()

    def __init__(self, initial: SortChoices | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sort_form")
        self._exact = ""  # a path that came from a dialog or from memory: not to be trimmed
        self._browser: QFileDialog | None = None
        self.destination = QLineEdit(self)
        self.browse = QPushButton(theme.icon("open-folder"), self.tr("&Browse…"), self)
        self.modes = QButtonGroup(self)
        self.include = QComboBox(self)
        self.include_note = _wrapped(self)
        self.include_note.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._build_destination()
        how = self._build_modes(initial.mode if initial else Mode.COPY)
        self._build_include(initial.include if initial else Include.ALL)
        self._lay_out(how)
        if initial is not None:
            self._use(str(initial.destination))
        self._show_note()
        self.destination.textChanged.connect(self.changed)
        self.destination.returnPressed.connect(self.finished_typing)
        self.browse.clicked.connect(self._on_browse)
        self.modes.buttonToggled.connect(self._on_mode)
        self.include.currentIndexChanged.connect(self._on_include)

    # -- building

    def _build_destination(self) -> None:
        self.destination.setObjectName("sort_destination")
        self.destination.setAccessibleName(self.tr("Folder that gets the class folders"))
        self.destination.setPlaceholderText(self.tr("A folder of its own"))
        self.destination.setToolTip(self.tr("One folder for each class is made in here"))
        self.destination.setClearButtonEnabled(True)
        self.destination.setMinimumWidth(120)
        self.browse.setObjectName("sort_browse")
        self.browse.setAccessibleName(self.tr("Browse for the folder"))
        self.browse.setToolTip(self.tr("Look for a folder, or make a new one"))
        self.browse.setAutoDefault(False)

    def _build_modes(self, chosen: Mode) -> QGridLayout:
        texts = {
            Mode.COPY: (self.tr("&Copy"), self.tr("Your photos stay where they are; the class folders get copies.")),
            Mode.MOVE: (self.tr("&Move"), self.tr("Your photos leave their folder and live in the class folders.")),
            Mode.LINK: (
                self.tr("&Link"),
                self.tr("The class folders show the same files. They take no extra room; editing one edits both."),
            ),
        }
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.GAP_PX + theme.SMALL_GAP_PX)
        grid.setVerticalSpacing(theme.SMALL_GAP_PX)
        grid.setColumnStretch(1, 1)
        # Moving is never chosen beforehand: it is the one that takes photos away from where they were.
        chosen = Mode.COPY if chosen is Mode.MOVE else chosen
        for row, (mode, (title, meaning)) in enumerate(texts.items()):
            button = QRadioButton(title, self)
            button.setObjectName(f"sort_mode_{mode.value}")
            button.setAccessibleName(title.replace("&", ""))
            button.setAccessibleDescription(meaning)
            button.setToolTip(meaning)
            button.setProperty("mode", mode.value)
            button.setChecked(mode is chosen)
            self.modes.addButton(button)
            label = _wrapped(self)
            label.setText(meaning)
            drop = (button.sizeHint().height() - self.fontMetrics().height()) // 2
            label.setContentsMargins(0, max(0, drop), 0, 0)  # on one line with the button's text
            grid.addWidget(button, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label, row, 1)
        return grid

    def _build_include(self, chosen: Include) -> None:
        self.include.setObjectName("sort_include")
        self.include.setAccessibleName(self.tr("Which photos"))
        self.include.setToolTip(self.tr("Photos you confirmed are always filed"))
        self.include.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for include, text in (
            (Include.ALL, self.tr("Everything except “new to me”")),
            (Include.PROBABLE, self.tr("Sure and probable")),
            (Include.SURE, self.tr("Only sure")),
            (Include.LABELLED, self.tr("Only what I confirmed")),
        ):
            self.include.addItem(text, include.value)
        self.include.setCurrentIndex(self.include.findData(chosen.value))

    def _lay_out(self, how: QGridLayout) -> None:
        where = QHBoxLayout()
        where.addWidget(self.destination, 1)
        where.addWidget(self.browse)
        which = QVBoxLayout()
        which.setSpacing(theme.SMALL_GAP_PX)
        which.addWidget(self.include, 0, Qt.AlignmentFlag.AlignLeft)
        which.addWidget(self.include_note)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(theme.LARGE_GAP_PX)
        form.setVerticalSpacing(theme.GAP_PX + theme.SMALL_GAP_PX)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        titles = [QLabel(text, self) for text in (self.tr("F&older:"), self.tr("How:"), self.tr("&Which photos:"))]
        titles[0].setBuddy(self.destination)
        titles[2].setBuddy(self.include)
        for title, field in zip(titles, (where, how, which), strict=True):
            form.addRow(title, field)

    # -- what is chosen

    @property
    def mode(self) -> Mode:
        """Copy, move or link."""
        chosen = self.modes.checkedButton()
        return Mode(chosen.property("mode")) if chosen is not None else Mode.COPY

    @property
    def choices(self) -> SortChoices | None:
        """What was chosen; None while there is no destination that means something."""
        destination = self._folder()
        if destination is None:
            return None
        return SortChoices(destination, self.mode, Include(self.include.currentData()))

    @property
    def is_empty(self) -> bool:
        """Whether no destination was written."""
        return not self.destination.text().strip()

    def _folder(self) -> Path | None:
        text = self.destination.text()
        if text != self._exact:
            text = text.strip().strip('"')  # systems offer to copy a path with quotes around it
        if text.startswith("file:"):
            text = QUrl(text).toLocalFile()  # a folder dropped on the line
        try:
            folder = Path(text).expanduser()
        except RuntimeError:  # "~nobody"
            return None
        return folder if text and folder.is_absolute() else None

    def _use(self, path: str) -> None:
        self._exact = path
        self.destination.setText(path)

    # -- what the person does

    @Slot()
    def _on_browse(self) -> None:
        browser = QFileDialog(self, self.tr("Where do the class folders go?"))
        browser.setObjectName("sort_browser")
        browser.setFileMode(QFileDialog.FileMode.Directory)
        browser.setOption(QFileDialog.Option.ShowDirsOnly)
        folder = self._folder()
        start = next((str(each) for each in (folder, *folder.parents) if each.is_dir()), "") if folder else ""
        if start:
            browser.setDirectory(start)
        browser.fileSelected.connect(self._on_browsed)
        browser.finished.connect(browser.deleteLater)
        self._browser = browser
        browser.open()

    @Slot(str)
    def _on_browsed(self, path: str) -> None:
        self._use(str(Path(path)))
        self.destination.setFocus()

    @Slot(QAbstractButton, bool)
    def _on_mode(self, _button: QAbstractButton, checked: bool) -> None:
        if checked:  # the one that was chosen before is let go in the same breath
            self.changed.emit()

    @Slot()
    def _on_include(self) -> None:
        self._show_note()
        self.changed.emit()

    def _show_note(self) -> None:
        guesses = self.include.currentData() != Include.LABELLED
        self.include_note.setText(
            self.tr("What you confirmed is always filed.") if guesses else self.tr("No guess is filed.")
        )


def _wrapped(parent: QWidget) -> QLabel:
    label = QLabel(parent)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label
