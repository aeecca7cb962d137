"""The models in Preferences: what was learned when, how good it is, and which one is in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLocale, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from flowersorter.library.models import ModelEntry
from flowersorter.ui import theme
from flowersorter.ui.class_scores import percent
from flowersorter.ui.dialog_parts import RoomyRows, button, describe, text_label
from flowersorter.ui.history_dialog import when

_RIGHT = 4  # the last column
_ID_ROLE, _CURRENT_ROLE = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True, slots=True)
class StarterInfo:
    """The model that ships with the program.

    Attributes:
        classes: What it knows.
        photos: How many photos it learned from.
        held_out_accuracy: 0 to 1, None where it is not known.
        backbone: Name.
    """

    classes: tuple[str, ...]
    photos: int
    held_out_accuracy: float | None = None
    backbone: str = "resnet50"


class ModelPage(QWidget):
    """Lists the models, the starter first, then the newest.

    Args:
        starter: The model that ships with the program.
        models: Those of the garden, newest first.
        backbone_titles: Title by name.
        parent: The dialog.

    Signals:
        model_chosen(id or None): Use this one; None is the starter.
        backbone_in_use(name): The model in use is shown, and this is its backbone.
    """

    model_chosen = Signal(object)
    backbone_in_use = Signal(str)

    def __init__(
        self,
        starter: StarterInfo,
        models: Sequence[ModelEntry],
        backbone_titles: Mapping[str, str],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("model_page")
        self._starter, self._titles = starter, backbone_titles
        self.list = QTreeWidget(self)
        self.list.setObjectName("model_list")
        describe(self.list, self.tr("Models"), self.tr("Enter uses the picked one"))
        self.list.setHeaderLabels(
            [self.tr("Learned"), self.tr("Classes"), self.tr("Backbone"), self.tr("Photos"), self.tr("Right")]
        )
        self.list.setMinimumHeight(self.fontMetrics().lineSpacing() * 6)
        tip = self.tr("Share of photos labelled right, measured on photos it did not learn from")
        self.list.headerItem().setToolTip(_RIGHT, tip)
        self.list.setRootIsDecorated(False)
        self.list.setAlternatingRowColors(True)
        self.list.setUniformRowHeights(True)
        self.list.setItemDelegate(RoomyRows(self.list))
        self.list.setAllColumnsShowFocus(True)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(self.fontMetrics().averageCharWidth() * 7)
        self.use_button = button(
            self, "model_use_button", self.tr("&Use this"), self.tr("Label with this model from now on")
        )
        self._build()
        self.list.itemSelectionChanged.connect(self._on_selection)
        self.list.itemActivated.connect(self._use)
        self.use_button.clicked.connect(self._use)
        self.show_models(models)

    def _build(self) -> None:
        intro = self.tr("Every Retrain makes a new model. Older ones stay, and you can go back to any of them.")
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.use_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.LARGE_GAP_PX] * 4)
        column.setSpacing(theme.GAP_PX)
        column.addWidget(text_label(self, "model_intro", intro))
        column.addWidget(self.list, 1)
        column.addLayout(row)

    @Slot(object)
    def show_models(self, models: Sequence[ModelEntry]) -> None:
        """Show the models as they are now, the one in use picked; newest first."""
        self.list.clear()
        starter, in_use = self._starter, next((entry for entry in models if entry.current), None)
        texts = self._texts(
            self.tr("Starter"), starter.classes, starter.backbone, starter.photos, starter.held_out_accuracy
        )
        self._add(texts, None, in_use is None, self._about(self.tr("Ships with FlowerSorter"), starter.classes))
        for entry in models:
            texts = self._texts(
                when(entry.created_at), entry.classes, entry.backbone, entry.photos, entry.held_out_accuracy
            )
            self._add(texts, entry.id, entry.current, self._about(entry.note, entry.classes))
        self._on_selection()
        self.backbone_in_use.emit(starter.backbone if in_use is None else in_use.backbone)

    def _add(self, texts: Sequence[str], model_id: int | None, current: bool, tip: str) -> None:
        item = QTreeWidgetItem(self.list, list(texts))
        item.setData(0, _ID_ROLE, model_id)
        item.setData(0, _CURRENT_ROLE, current)
        for column in range(_RIGHT + 1):
            item.setToolTip(column, tip)
            if column >= _RIGHT - 1:
                item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if current:
            item.setIcon(0, theme.icon("reviewed"))
            item.setText(0, self.tr("{0} (in use)").format(texts[0]))
            font = item.font(0)
            font.setBold(True)
            item.setFont(0, font)
            self.list.setCurrentItem(item)

    def _texts(
        self, name: str, classes: Sequence[str], backbone: str, photos: int, accuracy: float | None
    ) -> tuple[str, ...]:
        names = self.tr("{0}: {1}").format(len(classes), ", ".join(classes))
        right = percent(accuracy) if accuracy is not None else "–"
        return name, names, self._titles.get(backbone, backbone), QLocale().toString(photos), right

    def _about(self, note: str, classes: Sequence[str]) -> str:
        return "\n".join(filter(None, (note, ", ".join(classes))))

    @Slot()
    def _on_selection(self) -> None:
        item = self.list.currentItem()
        self.use_button.setEnabled(item is not None and not item.data(0, _CURRENT_ROLE))

    @Slot()
    def _use(self) -> None:
        item = self.list.currentItem()
        if item is not None and not item.data(0, _CURRENT_ROLE):
            self.model_chosen.emit(item.data(0, _ID_ROLE))
