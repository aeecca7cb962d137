"""The keys and mouse gestures of the help sheet, by task."""

from __future__ import annotations

from dataclasses import dataclass


def _t(text: str) -> str:
    """Mark a text for translation; it is translated when it is shown (context "KeyTasks")."""
    return text


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A line of the sheet.

    Attributes:
        actions: Names of actions whose keys are listed; those without a key are left out.
        text: Their effect; "" for the text of the first action.
        gesture: A mouse gesture, or keys that belong to no action.
    """

    actions: tuple[str, ...] = ()
    text: str = ""
    gesture: str = ""


@dataclass(frozen=True, slots=True)
class KeyTask:
    """Keys for one task.

    Attributes:
        title: Above its lines.
        lines: In the order shown.
    """

    title: str
    lines: tuple[KeyLine, ...]


def _keys(*actions: str, text: str = "") -> KeyLine:
    return KeyLine(actions, text)


def _gesture(gesture: str, text: str) -> KeyLine:
    return KeyLine(gesture=gesture, text=text)


TASKS = (
    KeyTask(
        _t("Name"),
        (
            _gesture(_t("1 to 9"), _t("Assign the class with that number")),
            _gesture(_t("Letters, or Shift + letter"), _t("Type the class, Enter assigns it")),
            _keys("assign_class"),
            _keys("new_class", "split_class", text=_t("New class, from selection")),
            _keys("not_mine", "dont_know", text=_t("Not mine, don't know")),
            _keys("name_groups", "leave_out", text=_t("Name groups, leave out")),
            _keys("take_lookalikes"),
        ),
    ),
    KeyTask(
        _t("Check"),
        (
            _keys("confirm"),
            _keys("reject"),
            _keys("clear_label"),
            _keys("label_next", "check_sample", text=_t("Suggest, check sample")),
            _keys("evaluate", "check_labels", text=_t("Check accuracy, labels")),
            _keys("retrain", "deep_train", text=_t("Retrain, thoroughly")),
            _keys("take_labels", "export_labels", text=_t("Take, export labels")),
        ),
    ),
    KeyTask(
        _t("Classes"),
        (
            _keys("rename_class"),
            _keys("merge_class"),
            _keys("delete_class"),
            _keys("class_up", "class_down", text=_t("Move class up, down")),
            _gesture(_t("Drag photos onto a class"), _t("Assign the class")),
            _gesture(_t("Drag between classes"), _t("Reorder; number keys follow")),
            _gesture(_t("Drag onto a class"), _t("Merge both classes")),
        ),
    ),
    KeyTask(
        _t("Move around"),
        (
            _keys("select_all"),
            _gesture(_t("Escape"), _t("Clear selection")),
            _keys("find"),
            _keys("filter", "clear_filters", text=_t("Filter, clear filters")),
            _keys("order_helpful", "order_doubt", "order_alike", text=_t("Sort: helpful, doubt, alike")),
            _keys("order_date", "order_name", text=_t("Sort: date, name")),
            _keys("open_stack", "stack_shots", text=_t("Open stack, stack shots")),
            _keys("show_all", "hide_confirmed", text=_t("Show all, hide confirmed")),
            _keys("show_unsure", "show_unknown", "show_unreadable", text=_t("Not sure, unknown, unreadable")),
        ),
    ),
    KeyTask(
        _t("Look"),
        (
            _keys("large_view", "compare", "heat_map", text=_t("Large, compare, heat map")),
            _gesture(_t("Wheel, click, Z"), _t("Zoom the large photo")),
            _keys("zoom_in", "zoom_out", text=_t("Photo size (or Ctrl + wheel)")),
            _keys("show_in_folder", "copy_path", text=_t("Show in folder, copy path")),
            _keys("inspector", "show_similar", text=_t("Inspector, show similar")),
        ),
    ),
    KeyTask(
        _t("Sort and undo"),
        (
            _keys("sort", "undo_sort", text=_t("Sort, undo last sort")),
            _keys("undo", "redo", text=_t("Undo, redo")),
            _keys("history", "verify", text=_t("History, verify sorted photos")),
            _keys("take_keywords", "write_keywords", text=_t("Take, write keywords")),
        ),
    ),
    KeyTask(
        _t("Window"),
        (
            _keys("open_folder", "rescan", "scan_options", text=_t("Open, rescan, options")),
            _keys("new_collection", "open_collection", text=_t("New, open collection")),
            _keys("models", "pause_learning", text=_t("Versions, pause learning")),
            _keys("export_model", "import_model", text=_t("Export, import model")),
            _keys("preferences", "save_diagnostics", "quit", text=_t("Preferences, diagnostics, quit")),
            _keys("help", "about", text=_t("This sheet, about")),
        ),
    ),
)
