"""Connects each action of the window to its handler, and enables the actions that can be used now."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flowersorter.ui.window.action_specs import OF_A_FOLDER, OF_PHOTOS

if TYPE_CHECKING:
    from flowersorter.ui.window.main_window import MainWindow

#: Actions on the class that is shown.
_OF_THE_CLASS_SHOWN = ("rename_class", "merge_class", "delete_class", "class_up", "class_down")


def connect_actions(window: MainWindow) -> None:
    """Connect every action of a window with its handler."""
    actions = window.actions_by_name
    for name in ("find", "filter"):
        actions[name].triggered.connect(window.large.close)  # before it starts above the grid
    actions.connect_to(
        _of_files(window)
        | _of_labels_and_classes(window)
        | _of_models(window)
        | {
            "name_groups": window.review.start_naming,
            "leave_out": window.review.leave_out,
            "find": window.header.start_search,
            "inspector": window.inspector.setVisible,
            "show_similar": window.on_demand.show_similar,
            "show_in_folder": window.window_controller.show_selected_in_folder,
            "copy_path": window.window_controller.copy_paths,
            **window.large.handlers,
            **window.filter.handlers,
            **window.stacks.handlers,
            **window.watching.handlers,
            **window.window_controller.handlers,
        }
    )


def _of_files(window: MainWindow) -> dict[str, Callable[..., object]]:
    late, collections = window.on_demand, window.collections
    return {
        "open_folder": window.window_controller.ask_for_folder,
        "rescan": lambda: window.folder.rescan(quiet=False),
        "scan_options": late.show_scan_options,
        "new_collection": collections.make,
        "open_collection": collections.choose,
        "sort": lambda: window.learning.when_settled(late.sort),
        "undo_sort": late.undo_sort,
        "history": late.show_history,
        "verify": late.verify,
        "write_keywords": late.write_keywords,
        "take_labels": late.take_labels,
        "export_labels": lambda: window.learning.when_settled(late.export_labels),
        "preferences": late.show_preferences,
        "save_diagnostics": late.save_diagnostics,
        "quit": window.close,
    }


def _of_labels_and_classes(window: MainWindow) -> dict[str, Callable[..., object]]:
    undoing, classes, selection = window.undoing, window.classes, window.selection
    return {
        "undo": undoing.undo,
        "redo": undoing.redo,
        "select_all": window.grid.selectAll,
        **selection.handlers,
        "confirm": lambda: window.answers.confirm(selection.confirm),
        "take_lookalikes": window.answers.show_or_take,
        "new_class": selection.make_class,
        "split_class": selection.split,
        "class_up": lambda: classes.move_up(window.filter.class_shown),
        "class_down": lambda: classes.move_down(window.filter.class_shown),
        "rename_class": window.sidebar.rename_shown,
        "merge_class": lambda: classes.merge(window.filter.class_shown),
        "delete_class": lambda: classes.delete(window.filter.class_shown),
    }


def _of_models(window: MainWindow) -> dict[str, Callable[..., object]]:
    late, settled = window.on_demand, window.learning.when_settled
    return {
        "retrain": window.training.start,
        "pause_learning": window.learning.set_paused,
        "deep_train": late.finetune,
        "evaluate": lambda: settled(late.evaluate),
        "check_sample": lambda: settled(late.check_sample),
        "check_labels": late.check_labels,
        "label_next": late.label_next,
        "take_keywords": late.take_keywords,
        "models": late.show_models,
        "export_model": lambda: settled(late.export_model),
        "import_model": late.import_model,
    }


def enable_actions(window: MainWindow) -> None:
    """Enable the actions that can be used now."""
    actions, is_open = window.actions_by_name, bool(window.folder.roots)
    has_photos = is_open and len(window.session.photos.columns) > 0
    for name in OF_A_FOLDER:
        actions[name].setEnabled(is_open)
    for name in (*window.selection.handlers, *OF_PHOTOS):
        actions[name].setEnabled(has_photos)
    for name in _OF_THE_CLASS_SHOWN:
        actions[name].setEnabled(window.filter.class_shown > 0)
    window.undoing.show_steps()
    actions.allow("retrain", window.training.reason_not_to())
    for name in ("deep_train", "evaluate", "check_labels"):
        actions.allow(name, window.training.nothing_checked())
