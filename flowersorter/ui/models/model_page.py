"""The page of models in Preferences: date, accuracy and note of each, and the one in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLocale, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from flowersorter.domain.figures import NO_FIGURE, percent
from flowersorter.library.models.model_table import ModelEntry
from flowersorter.ui.filing.history.history_dialog import when
from flowersorter.ui.grid.photo_model import ClassLook
from flowersorter.ui.models.model_comparison import ComparisonView
from flowersorter.ui.models.model_dialogs import NoteDialog, PruneDialog, ask_to_delete
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import RoomyRows, button, button_row, describe, text_label
from flowersorter.workflows.evaluation.compare_models import Comparison, prunable

USUALLY_KEPT = 10
_NOTE, _CLASSES, _PHOTOS, _RIGHT = 1, 2, 4, 5
_ID_ROLE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class StarterInfo:
    """The model that ships with the program.

    Attributes:
        classes: Its classes.
        photos: Number of photos it was trained on.
        held_out_accuracy: 0 to 1; None if unknown.
        backbone: Name.
    """

    classes: tuple[str, ...]
    photos: int
    held_out_accuracy: float | None = None
    backbone: str = "resnet50"


class ModelPage(QWidget):
    """Lists the models, the starter first, then the newest. Lives in the GUI thread.

    Args:
        starter: The model that ships with the program.
        models: Those of the collection, newest first.
        backbone_titles: Title by name.
        parent: The dialog.

    Signals:
        model_chosen(id or None): Use this model; None is the starter. Answer with `show_models`.
        compare_requested(id or None): Compare it with the one in use; answer with `show_comparison`.
        note_written(id, text): Store this note; answer with `show_models`.
        delete_requested(id): Delete it, as the person confirmed; answer with `show_models`.
        prune_requested(keep): Delete the models of `prunable`, as the person confirmed; answer with `show_models`.
        photos_requested(list of place ids, title): Show these photos.
        backbone_in_use(name): The backbone of the model in use.
    """

    model_chosen = Signal(object)
    compare_requested = Signal(object)
    note_written = Signal(int, str)
    delete_requested = Signal(int)
    prune_requested = Signal(int)
    photos_requested = Signal(object, str)
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
        self._models: tuple[ModelEntry, ...] = ()
        self._busy = False
        self.list = QTreeWidget(self)
        self.comparison = ComparisonView(self)
        self._build_list()
        self._build_buttons()
        self._build()
        self.list.itemSelectionChanged.connect(self._enable)
        self.list.itemActivated.connect(self._use)
        self.use_button.clicked.connect(self._use)
        self.compare_button.clicked.connect(self._compare)
        self.note_button.clicked.connect(self._ask_for_note)
        self.delete_button.clicked.connect(self._ask_to_delete)
        self.prune_button.clicked.connect(self._ask_to_prune)
        self.comparison.photos_requested.connect(self.photos_requested)
        self.show_models(models)

    # -- layout

    def _build_list(self) -> None:
        tree = self.list
        tree.setObjectName("model_list")
        describe(tree, self.tr("Models"), self.tr("Press Enter to use the selected model"))
        tree.setHeaderLabels(
            [
                self.tr("Trained"),
                self.tr("Note"),
                self.tr("Classes"),
                self.tr("Image network"),
                self.tr("Photos"),
                self.tr("Accuracy"),
            ]
        )
        tree.setMinimumHeight(self.fontMetrics().lineSpacing() * 6)
        tip = self.tr("Confirmed photos it was trained on, including the starter model's if it is based on that")
        tree.headerItem().setToolTip(_PHOTOS, tip)
        tip = self.tr(
            "Measured on photos it was not trained on: other ones for each model. Compare measures two on the same"
        )
        tree.headerItem().setToolTip(_RIGHT, tip)
        tree.setRootIsDecorated(False)
        tree.setAlternatingRowColors(True)
        tree.setUniformRowHeights(True)
        tree.setItemDelegate(RoomyRows(tree))
        tree.setAllColumnsShowFocus(True)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        for column in (_NOTE, _CLASSES):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(self.fontMetrics().averageCharWidth() * 7)

    def _build_buttons(self) -> None:
        self.use_button = button(self, "model_use_button", self.tr("&Use this"), self.tr("Use this model from now on"))
        tip = self.tr("See which photos would change class, for better or worse")
        self.compare_button = button(self, "model_compare_button", self.tr("&Compare with the one in use"), tip)
        tip = self.tr("Add a note to this model")
        self.note_button = button(self, "model_note_button", self.tr("&Note…"), tip)
        tip = self.tr("Delete permanently")
        self.delete_button = button(self, "model_delete_button", self.tr("&Delete…"), tip)
        tip = self.tr("Keep only the newest models. You see a list first")
        self.prune_button = button(self, "model_prune_button", self.tr("Delete &old models…"), tip)

    def _build(self) -> None:
        intro = self.tr(
            "Every Retrain and every session of labelling creates a new model. You can go back to an earlier one. "
            "Each accuracy is measured on other photos: Compare measures two models on the same."
        )
        upper = QWidget(self)
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP_PX)
        column.addWidget(self.list, 1)
        self.facts = text_label(upper, "model_facts", muted=True)
        column.addWidget(self.facts)
        kept = [self.note_button, self.delete_button, self.prune_button]
        column.addLayout(button_row(kept, [self.compare_button, self.use_button]))
        self.parts = QSplitter(Qt.Orientation.Vertical, self)
        self.parts.setObjectName("model_parts")
        self.parts.setAccessibleName(self.tr("Models, and the changes another model would make"))
        self.parts.setChildrenCollapsible(False)
        for number, part in enumerate((upper, self.comparison)):
            self.parts.addWidget(part)
            self.parts.setStretchFactor(number, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.LARGE_GAP_PX] * 4)
        column.setSpacing(theme.GAP_PX)
        column.addWidget(text_label(self, "model_intro", intro))
        column.addWidget(self.parts, 1)

    # -- display

    @Slot(object)
    def show_models(self, models: Sequence[ModelEntry]) -> None:
        """Show the models, newest first; keep the selection, or select the one in use."""
        selected = self._selected_id if self.list.currentItem() is not None else _NOBODY
        used_before = next((entry.id for entry in self._models if entry.current), None)
        self._models = tuple(models)
        in_use = next((entry for entry in models if entry.current), None)
        used = None if in_use is None else in_use.id
        gone = selected is not None and selected not in {entry.id for entry in models}
        if gone or used != used_before:
            selected = used
            self.comparison.clear()  # it was about models that are deleted or not in use any more
        self.list.clear()
        starter = self._starter
        texts = self._texts(
            self.tr("Starter"),
            self.tr("Ships with FlowerSorter"),
            starter.classes,
            starter.backbone,
            starter.photos,
            starter.held_out_accuracy,
        )
        self._add(texts, None, used, selected, starter.classes)
        for entry in models:
            name = self.tr("{0} · {1}").format(entry.id, when(entry.created_at))
            texts = self._texts(name, entry.note, entry.classes, entry.backbone, entry.photos, entry.held_out_accuracy)
            self._add(texts, entry.id, used, selected, entry.classes)
        self._enable()
        self.backbone_in_use.emit(starter.backbone if in_use is None else in_use.backbone)

    def show_comparison(self, model_id: int | None, found: Comparison, looks: Mapping[int, ClassLook]) -> None:
        """Show the comparison with a model, unless it is deleted or in use by now.

        Args:
            model_id: The model; None is the starter.
            found: The model in use is the older one.
            looks: Names and colours by class id.
        """
        used = self._in_use
        if model_id != used and (model_id is None or self._entry(model_id) is not None):
            names = [self._name(each) for each in (model_id, used)]
            self.comparison.show_comparison(found, names[0], names[1], looks)

    def set_busy(self, busy: bool) -> None:
        """Disable every button until the answer arrives."""
        self._busy = busy
        self._enable()

    def _add(
        self, texts: Sequence[str], model_id: int | None, used: int | None, selected: int | None, classes: Sequence[str]
    ) -> None:
        item = QTreeWidgetItem(self.list, list(texts))
        item.setData(0, _ID_ROLE, model_id)
        for column in range(_RIGHT + 1):
            item.setToolTip(column, "\n".join(classes) if column == _CLASSES else texts[column])
            if column >= _PHOTOS:
                item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if model_id == used:
            item.setIcon(0, theme.icon("reviewed"))
            item.setText(0, self.tr("{0} (in use)").format(texts[0]))
            font = item.font(0)
            font.setBold(True)
            item.setFont(0, font)
        if model_id == selected:
            self.list.setCurrentItem(item)

    def _texts(
        self, name: str, note: str, classes: Sequence[str], backbone: str, photos: int, accuracy: float | None
    ) -> tuple[str, ...]:
        names = self.tr("{0}: {1}").format(len(classes), ", ".join(classes))
        learned = QLocale().toString(photos) if photos else NO_FIGURE
        return name, note, names, self._network(backbone), learned, percent(accuracy)

    def _network(self, name: str) -> str:
        """Return a backbone's title; a finetuned one is named after its base."""
        base = max((each for each in self._titles if name.startswith(each)), key=len, default=name)
        title = self._titles.get(base, name)
        return title if base == name else self.tr("{0}, trained here").format(title)

    # -- the selection

    @property
    def models(self) -> list[ModelEntry]:
        """The shown models, newest first."""
        return list(self._models)

    @property
    def _selected_id(self) -> int | None:
        item = self.list.currentItem()
        model_id = None if item is None else item.data(0, _ID_ROLE)
        return None if model_id is None else int(model_id)

    @property
    def _in_use(self) -> int | None:
        return next((entry.id for entry in self._models if entry.current), None)

    def _entry(self, model_id: int | None) -> ModelEntry | None:
        return next((entry for entry in self._models if entry.id == model_id), None)

    def _name(self, model_id: int | None) -> str:
        entry = self._entry(model_id)
        if entry is None:
            return self.tr("Starter")
        name = self.tr("Model {0} of {1}").format(entry.id, when(entry.created_at))
        return f"{name} ({entry.note})" if entry.note else name

    @Slot()
    def _enable(self) -> None:
        selected, idle = self._selected_id, not self._busy
        other = self.list.currentItem() is not None and selected != self._in_use
        for each in (self.use_button, self.compare_button):
            each.setEnabled(idle and other)
        self.note_button.setEnabled(idle and selected is not None)
        self.delete_button.setEnabled(idle and other and selected is not None)
        self.prune_button.setEnabled(idle and bool(prunable(self._models, 0)))
        self.facts.setText(self._facts(self._entry(selected)))

    def _facts(self, entry: ModelEntry | None) -> str:
        """Return classes and note of the selected model in full: the list may cut them off."""
        classes = self._starter.classes if entry is None else entry.classes
        text = self.tr("Classes: {0}.").format(", ".join(classes))
        return f"{text}\n“{entry.note}”" if entry is not None and entry.note else text

    # -- input

    @Slot()
    def _use(self) -> None:
        if self.use_button.isEnabled():
            self.model_chosen.emit(self._selected_id)

    @Slot()
    def _compare(self) -> None:
        self.compare_requested.emit(self._selected_id)

    @Slot()
    def _ask_for_note(self) -> None:
        entry = self._entry(self._selected_id)
        if entry is None:
            return
        dialog = NoteDialog(entry, self)
        if dialog.exec() == QDialog.DialogCode.Accepted and dialog.note != entry.note:
            self.note_written.emit(entry.id, dialog.note)
        dialog.deleteLater()

    @Slot()
    def _ask_to_delete(self) -> None:
        entry = self._entry(self._selected_id)
        if entry is not None:
            others = {each.backbone for each in self._models if each.id != entry.id}
            own = entry.backbone not in self._titles and entry.backbone not in others
            model_id = entry.id
            ask_to_delete(self, entry, with_network=own).clicked.connect(lambda: self.delete_requested.emit(model_id))

    @Slot()
    def _ask_to_prune(self) -> None:
        dialog = PruneDialog(self._models, min(USUALLY_KEPT, max(0, len(prunable(self._models, 0)) - 1)), self)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.prune_requested.emit(dialog.count.value())
        dialog.deleteLater()


#: Stands for no model: models have positive numbers, and None is the starter.
_NOBODY = 0
