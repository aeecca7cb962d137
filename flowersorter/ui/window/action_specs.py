"""Every action of the window as data: name, text, keys, picture; and which menu each is in."""

from __future__ import annotations

from dataclasses import dataclass


def _t(text: str) -> str:
    """Mark a text for translation; it is translated when the action is made (context "Actions")."""
    return text


@dataclass(frozen=True, slots=True)
class Spec:
    """One action.

    Attributes:
        name: Object name, and how the window finds it.
        text: In the menu.
        keys: Shortcuts, the first one is shown; "@" before a key means: only while the grid has the focus.
        icon: Name of its picture, or "".
        tip: What it does, in a sentence; "" where the text says it.
        checkable: Whether it is switched on and off.
        short: Text on the toolbar where it differs.
    """

    name: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    checkable: bool = False
    short: str = ""


SPECS = (
    Spec(
        "open_folder",
        _t("&Open Folder…"),
        ("Ctrl+O",),
        "open-folder",
        _t("Choose a folder of photos"),
        short=_t("Open"),
    ),
    Spec("look_again", _t("&Look Again"), ("F5",), "", _t("Look for new, changed and missing photos")),
    Spec(
        "new_collection",
        _t("&New Collection…"),
        ("Ctrl+Alt+N",),
        "",
        _t("Begin another task, with classes and models of its own, in another window"),
    ),
    Spec("open_collection", _t("Open &Collection…"), ("Ctrl+Alt+O",), "", _t("Open another task in another window")),
    Spec(
        "sort",
        _t("&Sort into Folders…"),
        ("Ctrl+Shift+S",),
        "sort",
        _t("File the photos into one folder for each class; you see the plan first"),
        short=_t("Sort"),
    ),
    Spec("history", _t("&History…"), ("Ctrl+H",), "history", _t("What was sorted, and undoing it")),
    Spec("export_model", _t("&Export Model…"), ("Ctrl+Shift+E",), "", _t("Save what was learned as a file")),
    Spec("import_model", _t("&Import Model…"), ("Ctrl+Shift+I",), "", _t("Add a model that somebody shared")),
    Spec("preferences", _t("&Preferences…"), ("Ctrl+,",), "", ""),
    Spec("quit", _t("&Quit"), ("Ctrl+Q",), "", ""),
    Spec("undo", _t("&Undo"), ("Ctrl+Z",), "undo", _t("Take back the last correction")),
    Spec("redo", _t("&Redo"), ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", _t("Do it again")),
    Spec("undo_sort", _t("Undo Last S&ort…"), ("Ctrl+Alt+Z",), "", _t("Put the photos back where they were")),
    Spec("select_all", _t("Select &All"), ("Ctrl+A",), "", ""),
    Spec(
        "confirm",
        _t("&Confirm Guess"),
        ("@Return", "@Enter"),
        "reviewed",
        _t("The guess is right: keep it as the label"),
    ),
    Spec("clear_label", _t("&Take Back Label"), ("@0", "@Backspace"), "", _t("The photo is a guess again")),
    Spec("new_class", _t("&New Class…"), ("Ctrl+N",), "add", _t("Make a class; photos that are picked go into it")),
    Spec(
        "split_class",
        _t("New Class from &Selection…"),
        ("Ctrl+Shift+N",),
        "",
        _t("Split a class: the photos that are picked go into a new one"),
    ),
    Spec("class_up", _t("Move Class &Up"), ("Alt+Shift+Up",), "", _t("One place higher; the digit keys follow")),
    Spec("class_down", _t("Mo&ve Class Down"), ("Alt+Shift+Down",), "", _t("One place lower; the digit keys follow")),
    Spec("rename_class", _t("&Rename Class…"), ("F2",), "", ""),
    Spec("merge_class", _t("&Merge Class…"), ("Ctrl+Shift+M",), "", ""),
    Spec("delete_class", _t("&Delete Class…"), ("Ctrl+Shift+D",), "", ""),
    Spec(
        "retrain", _t("Re&train"), ("Ctrl+T",), "retrain", _t("Learn from every photo you checked"), short=_t("Retrain")
    ),
    Spec(
        "deep_train",
        _t("Deep &Training…"),
        ("Ctrl+Shift+T",),
        "",
        _t("Train the network itself on your photos: minutes instead of seconds, for the last points"),
    ),
    Spec(
        "evaluate",
        _t("&Evaluate…"),
        ("Ctrl+E",),
        "evaluate",
        _t("How often the guesses are right"),
        short=_t("Evaluate"),
    ),
    Spec(
        "check_labels",
        _t("Chec&k Labels…"),
        ("Ctrl+L",),
        "check-labels",
        _t("Go through the labels that may be wrong"),
    ),
    Spec(
        "label_next",
        _t("&What to Label Next"),
        ("Ctrl+J",),
        "label-next",
        _t("The ten photos that teach most, and whether there are enough labels"),
    ),
    Spec("models", _t("M&odels…"), ("Ctrl+M",), "", _t("What was learned so far: compare, go back, tidy up")),
    Spec("preview", _t("&Preview"), ("@Space",), "", _t("See the photo large")),
    Spec("show_in_folder", _t("Show in &Folder"), ("Ctrl+R",), "open-folder", ""),
    Spec("zoom_in", _t("Larger Photos"), ("Ctrl++", "Ctrl+="), "", ""),
    Spec("zoom_out", _t("Smaller Photos"), ("Ctrl+-",), "", ""),
    Spec("show_all", _t("Show &All Photos"), ("Ctrl+0",), "all-photos", ""),
    Spec("show_unsure", _t("Show &Not Sure"), ("Ctrl+1",), "verdict-unsure", ""),
    Spec("show_new", _t("Show New to &Me"), ("Ctrl+2",), "verdict-new", ""),
    Spec("show_unreadable", _t("Show &Unreadable"), ("Ctrl+3",), "unreadable", ""),
    Spec(
        "hide_checked",
        _t("&Hide Checked Photos"),
        ("Ctrl+K",),
        "reviewed",
        _t("Show only what you have not checked yet"),
        checkable=True,
        short=_t("Hide checked"),
    ),
    Spec("inspector", _t("&Inspector"), ("Ctrl+I",), "", "", checkable=True),
    Spec("about", _t("&About FlowerSorter"), ("Ctrl+F1",), "", ""),
    Spec("help", _t("&Keys and Mouse"), ("F1",), "", ""),
)

MENUS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "file_menu",
        _t("&File"),
        (
            "open_folder",
            "recent_menu",
            "look_again",
            "",
            "new_collection",
            "open_collection",
            "collections_menu",
            "",
            "sort",
            "history",
            "",
            "export_model",
            "import_model",
            "preferences",
            "",
            "quit",
        ),
    ),
    ("edit_menu", _t("&Edit"), ("undo", "redo", "", "undo_sort", "", "select_all", "", "confirm", "clear_label")),
    (
        "classes_menu",
        _t("&Classes"),
        (
            "assign_menu",
            "",
            "new_class",
            "split_class",
            "rename_class",
            "merge_class",
            "delete_class",
            "class_up",
            "class_down",
            "",
            "retrain",
            "deep_train",
            "evaluate",
            "check_labels",
            "label_next",
            "",
            "models",
        ),
    ),
    (
        "view_menu",
        _t("&View"),
        (
            "preview",
            "show_in_folder",
            "",
            "show_all",
            "show_unsure",
            "show_new",
            "show_unreadable",
            "hide_checked",
            "",
            "zoom_in",
            "zoom_out",
            "inspector",
        ),
    ),
    ("help_menu", _t("&Help"), ("help", "about")),
)

TOOLBAR = ("open_folder", "", "undo", "redo", "", "retrain", "evaluate", "check_labels", "label_next", "<>", "sort")
BUTTONS_WITH_TEXT = ("open_folder", "retrain", "evaluate", "sort")
