"""Preferences: target precision, device, backbone, and the active model. A change is used at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSlider,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from flowersorter.domain.verdict import DEFAULT_SURE_PRECISION
from flowersorter.library.files.locations import languages
from flowersorter.library.files.personal_settings import PersonalSettings
from flowersorter.library.models.model_table import ModelEntry
from flowersorter.library.tables.settings import CACHE_LIMIT_MB
from flowersorter.ui.grid.photo_grid import LARGEST_PX, SMALLEST_PX, USUAL_PX, ZOOM_STEP_PX
from flowersorter.ui.models.model_page import ModelPage, StarterInfo
from flowersorter.ui.preferences.appearance_section import AppearanceSection
from flowersorter.ui.preferences.backbone_page import BackbonePage, radio_indent
from flowersorter.ui.preferences.cache_section import CacheSection
from flowersorter.ui.preferences.sure_precision_section import SurePrecisionSection
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.indicators import CheckBox, RadioButton
from flowersorter.ui.shared.widgets import Message, button, button_row, column_of, describe, open_at, text_label
from flowersorter.workflows.models.backbones import BackboneInfo


@dataclass(frozen=True, slots=True)
class Preferences:
    """The settings.

    Attributes:
        device: "auto", "cpu" or "cuda".
        backbone: Name.
        thumbnail_px: Side of a tile in the grid.
        cache_limit_mb: The size limit of the thumbnail cache; 0 for no limit.
        sure_precision: Target precision of the verdict Sure, 0 to 1.
        moves_sorted_copies: Whether sorted copies follow a changed class on disk.
        writes_keywords: Whether Sort writes keywords unless the person chooses otherwise.
        personal: Those of the person, whatever collection is open.
    """

    device: str = "auto"
    backbone: str = "resnet50"
    thumbnail_px: int = USUAL_PX
    cache_limit_mb: int = CACHE_LIMIT_MB.default
    sure_precision: float = DEFAULT_SURE_PRECISION
    moves_sorted_copies: bool = False
    writes_keywords: bool = False
    personal: PersonalSettings = field(default_factory=PersonalSettings)


class PreferencesDialog(QDialog):
    """Lets the person choose. Lives in the GUI thread.

    Args:
        preferences: The present ones.
        backbones: The backbones to choose from, the default first.
        models: Newest first; `starter` is shown before them.
        starter: The model that ships with the program.
        parent: The window.

    Signals:
        device_chosen(str): Compute on this device.
        precision_chosen(float): Aim at this precision of the verdict Sure.
        copies_chosen(bool): Whether sorted copies follow a changed class on disk.
        keywords_chosen(bool): Whether Sort writes keywords unless the person chooses otherwise.
        thumbnail_chosen(int): Show tiles of this size.
        backbone_chosen(name), cache_limit_chosen(int): Use these.
        download_requested(name): Download this backbone; tell `show_download` how far it is, then `show_backbones`.
        cancel_requested(): Stop the download.
        install_requested(name, Path): Take this backbone from a file; then `show_backbones`.

    Its `appearance`, its `cache` and its `models` have signals of their own.
    """

    device_chosen = Signal(str)
    precision_chosen = Signal(float)
    copies_chosen = Signal(bool)
    keywords_chosen = Signal(bool)
    thumbnail_chosen = Signal(int)
    backbone_chosen = Signal(str)
    cache_limit_chosen = Signal(int)
    download_requested = Signal(str)
    cancel_requested = Signal()
    install_requested = Signal(str, object)

    def __init__(
        self,
        preferences: Preferences,
        backbones: Sequence[BackboneInfo],
        models: Sequence[ModelEntry],
        starter: StarterInfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("preferences_dialog")
        self.setWindowTitle(self.tr("Preferences"))
        self.backbones = BackbonePage(backbones, preferences.backbone, self)
        self.models = ModelPage(starter, models, {each.name: each.title for each in backbones}, self)
        self.tabs = QTabWidget(self)
        self.tabs.setObjectName("preferences_tabs")
        describe(self.tabs, self.tr("Preferences"))
        self.tabs.addTab(self._general(preferences), self.tr("&General"))
        self.tabs.addTab(self.models, self.tr("&Models"))
        self.message = Message(self, "preferences_message")
        self.close_button = button(self, "preferences_close_button", self.tr("Close"), self.tr("Close (Esc)"))
        self.close_button.setDefault(True)
        column = column_of(self)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.message)
        column.addLayout(button_row([], [self.close_button]))
        open_at(self, 112, 58, least=(56, 22))
        lists = self.appearance.language, self.appearance.colours
        for each in (*lists, self.sure_precision.choice, self.size_slider, self.cache.limit):
            each.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # not by the wheel
            each.installEventFilter(self)
        self._connect()

    def _connect(self) -> None:
        self.close_button.clicked.connect(self.accept)
        for name, radio in self.devices.items():
            radio.toggled.connect(partial(self._on_device, name))
        self.sure_precision.chosen.connect(self.precision_chosen)
        self.move_copies.toggled.connect(self.copies_chosen)
        self.keywords.toggled.connect(self.keywords_chosen)
        self.size_slider.valueChanged.connect(self.thumbnail_chosen)
        self.cache.limit_chosen.connect(self.cache_limit_chosen)
        self.backbones.chosen.connect(self.backbone_chosen)
        self.backbones.download_requested.connect(self.download_requested)
        self.backbones.cancel_requested.connect(self.cancel_requested)
        self.backbones.install_requested.connect(self.install_requested)
        self.models.backbone_in_use.connect(self.backbones.use)

    def _on_device(self, name: str, checked: bool) -> None:
        if checked:
            self.device_chosen.emit(name)

    # -- the first page

    def _general(self, preferences: Preferences) -> QScrollArea:
        page = QWidget(self)
        page.setObjectName("general_page")
        column = QVBoxLayout(page)
        column.setContentsMargins(*[theme.LARGE_GAP_PX] * 4)
        column.setSpacing(theme.GAP_PX)
        column.addWidget(text_label(page, "appearance_title", self.tr("Appearance"), scale=1.05))
        self.appearance = AppearanceSection(preferences.personal, languages(), page)
        column.addWidget(self.appearance)
        column.addSpacing(theme.LARGE_GAP_PX)
        column.addWidget(text_label(page, "precision_title", self.tr("Caution"), scale=1.05))
        self.sure_precision = SurePrecisionSection(preferences.sure_precision, page)
        column.addWidget(self.sure_precision)
        column.addSpacing(theme.LARGE_GAP_PX)
        column.addWidget(text_label(page, "sorted_copies_title", self.tr("Sorted copies"), scale=1.05))
        self._add_sorted_copies(column, page, preferences.moves_sorted_copies)
        column.addSpacing(theme.LARGE_GAP_PX)
        column.addWidget(text_label(page, "keywords_title", self.tr("Keywords"), scale=1.05))
        self._add_keywords(column, page, preferences.writes_keywords)
        column.addSpacing(theme.LARGE_GAP_PX)
        column.addWidget(text_label(page, "device_title", self.tr("Processing device"), scale=1.05))
        self._add_devices(column, page, preferences.device)
        column.addSpacing(theme.LARGE_GAP_PX)
        column.addWidget(text_label(page, "backbone_title", self.tr("Image network"), scale=1.05))
        intro = self.tr("The default suits most people.")
        column.addWidget(text_label(page, "backbone_intro", intro))
        column.addWidget(self.backbones)
        column.addSpacing(theme.LARGE_GAP_PX)
        column.addWidget(text_label(page, "thumbnail_title", self.tr("Thumbnail size"), scale=1.05))
        column.addLayout(self._sizes(page, preferences.thumbnail_px))
        column.addSpacing(theme.LARGE_GAP_PX)
        column.addWidget(text_label(page, "cache_title", self.tr("Thumbnail cache"), scale=1.05))
        self.cache = CacheSection(preferences.cache_limit_mb, page)
        column.addWidget(self.cache)
        column.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setObjectName("general_scroll")
        scroll.setAccessibleName(self.tr("General"))
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(page)
        # The page shows the background of the tabs, whatever its colour in the style.
        page.setAutoFillBackground(False)
        scroll.viewport().setAutoFillBackground(False)
        return scroll

    def _add_sorted_copies(self, column: QVBoxLayout, page: QWidget, wanted: bool) -> None:
        self.move_copies = CheckBox(self.tr("&Also move the copies I sorted"), page)
        self.move_copies.setObjectName("moves_sorted_copies")
        text = self.tr(
            "When you change the class of a photo, its sorted copies move to the folder of that class. Undo moves "
            "them back."
        )
        describe(self.move_copies, self.move_copies.text().replace("&", ""), text)
        self.move_copies.setChecked(wanted)
        column.addLayout(_explained(self.move_copies, text_label(page, "moves_sorted_copies_text", text, muted=True)))

    def _add_keywords(self, column: QVBoxLayout, page: QWidget, wanted: bool) -> None:
        self.keywords = CheckBox(self.tr("&Write keywords when I sort"), page)
        self.keywords.setObjectName("writes_keywords")
        text = self.tr(
            "Sort proposes to write the class of each photo into a sidecar file (.xmp) beside it, which other photo "
            "programs read. Photos are never changed."
        )
        describe(self.keywords, self.keywords.text().replace("&", ""), text)
        self.keywords.setChecked(wanted)
        column.addLayout(_explained(self.keywords, text_label(page, "writes_keywords_text", text, muted=True)))

    def _add_devices(self, column: QVBoxLayout, page: QWidget, device: str) -> None:
        lines = {
            "auto": (self.tr("&Automatic"), self.tr("Uses a supported graphics card if present")),
            "cpu": (self.tr("&Processor"), self.tr("Works everywhere")),
            "cuda": (self.tr("Graphics &card"), self.tr("Much faster. Needs an NVIDIA card")),
        }
        group = QButtonGroup(self)
        self.devices: dict[str, RadioButton] = {}
        for name, (text, explanation) in lines.items():
            radio = RadioButton(text, page)
            radio.setObjectName(f"device_{name}")
            describe(radio, f"{text.replace('&', '')}. {explanation}", explanation)
            radio.setChecked(name == device)
            group.addButton(radio)
            self.devices[name] = radio
            column.addLayout(_explained(radio, text_label(page, f"device_{name}_text", explanation, muted=True)))

    def _sizes(self, page: QWidget, size_px: int) -> QHBoxLayout:
        self.size_slider = QSlider(Qt.Orientation.Horizontal, page)
        self.size_slider.setObjectName("thumbnail_size")
        describe(self.size_slider, self.tr("Thumbnail size"), self.tr("Use the arrow keys"))
        self.size_slider.setRange(SMALLEST_PX, LARGEST_PX)
        self.size_slider.setSingleStep(ZOOM_STEP_PX)
        self.size_slider.setPageStep(3 * ZOOM_STEP_PX)
        self.size_slider.setValue(size_px)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP_PX)
        row.addWidget(QLabel(self.tr("small"), page))
        row.addWidget(self.size_slider, 1)
        row.addWidget(QLabel(self.tr("large"), page))
        return row

    # -- what is in use

    def show_preferences(self, preferences: Preferences) -> None:
        """Show the preferences that are in use, all of them, for instance after one could not be stored."""
        radio = self.devices[preferences.device]
        with QSignalBlocker(radio), QSignalBlocker(self.move_copies), QSignalBlocker(self.keywords):
            radio.setChecked(True)
            self.keywords.setChecked(preferences.writes_keywords)
            self.move_copies.setChecked(preferences.moves_sorted_copies)
        self.appearance.show_settings(preferences.personal)
        self.sure_precision.show_precision(preferences.sure_precision)
        self.cache.show_limit(preferences.cache_limit_mb)
        self.backbones.use(preferences.backbone)

    def show_problem(self, problem: str) -> None:
        """Say why the last change is not used; "" where it is."""
        self.message.say(problem, warning=True)

    @Slot(int)
    def show_thumbnail_size(self, size_px: int) -> None:
        """Show the size of a tile, which the wheel over the photos changes too."""
        with QSignalBlocker(self.size_slider):
            self.size_slider.setValue(size_px)

    def done(self, result: int) -> None:
        """Use a number that is still being typed, then close."""
        self.cache.limit.interpretText()
        super().done(result)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the wheel scroll the page, not change a setting that the person only passes."""
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    @Slot(object)
    def show_backbones(self, backbones: Sequence[BackboneInfo]) -> None:
        """Show the installed backbones; ends the display of a download."""
        self.backbones.show_backbones(backbones)

    def show_download(self, name: str, done_bytes: int, total_bytes: int | None) -> None:
        """Show the progress of a download; `total_bytes` is None while unknown."""
        self.backbones.show_download(name, done_bytes, total_bytes)

    @Slot(object)
    def show_models(self, models: Sequence[ModelEntry]) -> None:
        """Show the present models, for instance after one was chosen."""
        self.models.show_models(models)


def _explained(choice: QAbstractButton, text: QLabel) -> QVBoxLayout:
    """Lay out a choice with an explanation below, aligned with its text."""
    below = QHBoxLayout()
    below.setContentsMargins(radio_indent(choice), 0, 0, 0)
    below.addWidget(text)
    column = QVBoxLayout()
    column.setSpacing(2)
    column.addWidget(choice)
    column.addLayout(below)
    return column
