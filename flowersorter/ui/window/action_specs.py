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
        icon_on: Name of its picture while it is on, or "" for the same.
        short: Text on the toolbar where it differs.
    """

    name: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    checkable: bool = False
    icon_on: str = ""
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
    Spec("rescan", _t("Rescan Fo&lder"), ("F5",), "", _t("Find new, changed and missing photos")),
    Spec(
        "scan_options",
        _t("Scan O&ptions…"),
        ("Ctrl+Shift+O",),
        "",
        _t("Leave out folders and photos, or follow links to other folders"),
    ),
    Spec(
        "new_collection",
        _t("&New Collection…"),
        ("Ctrl+Alt+N",),
        "",
        _t("Start a separate collection with its own classes"),
    ),
    Spec(
        "open_collection", _t("Open &Collection…"), ("Ctrl+Alt+O",), "", _t("Open another collection in a new window")
    ),
    Spec(
        "sort",
        _t("&Sort into Folders…"),
        ("Ctrl+Shift+S",),
        "sort",
        _t("Sort the photos into one folder per class. You see a preview first"),
        short=_t("Sort"),
    ),
    Spec("history", _t("&History…"), ("Ctrl+H",), "history", _t("Past sorts. Any of them can be undone")),
    Spec(
        "verify",
        _t("&Verify Sorted Photos"),
        ("Ctrl+Shift+V",),
        "",
        _t("Read every sorted photo: which ones rotted, are gone, were edited or moved"),
    ),
    Spec("export_model", _t("&Export Model…"), ("Ctrl+Shift+E",), "", _t("Save the model as a file")),
    Spec("import_model", _t("&Import Model…"), ("Ctrl+Shift+I",), "", _t("Add a model from a file")),
    Spec("preferences", _t("Pre&ferences…"), ("Ctrl+,",), "", ""),
    Spec("quit", _t("&Quit"), ("Ctrl+Q",), "", ""),
    Spec("undo", _t("&Undo"), ("Ctrl+Z",), "undo", _t("Undo the last change")),
    Spec("redo", _t("&Redo"), ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", _t("Redo the last change")),
    Spec("undo_sort", _t("Undo Last S&ort…"), ("Ctrl+Alt+Z",), "", _t("Undo the most recent sort")),
    Spec("select_all", _t("Select &All"), ("Ctrl+A",), "", ""),
    Spec(
        "confirm",
        _t("&Confirm Suggestion"),
        ("@Return", "@Enter"),
        "reviewed",
        _t("The suggestion is right"),
    ),
    Spec("clear_label", _t("Re&move Label"), ("@0", "@Backspace"), "", _t("Go back to the suggestion")),
    Spec(
        "reject",
        _t("Not This C&lass"),
        ("@Delete",),
        "",
        _t("The photo does not show this class, which is not suggested for it again"),
    ),
    Spec(
        "not_mine",
        _t("Not Mi&ne"),
        ("@N",),
        "verdict-none",
        _t("The photo shows none of your classes. It is not sorted"),
    ),
    Spec(
        "take_lookalikes",
        _t("&Take Look-Alikes"),
        ("@L",),
        "",
        _t("Give the photos that look like the last ones you labelled the same class. You see them first"),
    ),
    Spec(
        "leave_out",
        _t("Lea&ve Out"),
        ("@X",),
        "",
        _t("Leave the selected photos out of the answer for their section, or take them in again"),
    ),
    Spec("dont_know", _t("&Don't Know"), ("@K",), "", _t("You can't tell. The photo is not suggested for labelling")),
    Spec("assign_class", _t("Assign &Class…"), ("@/", "@F4"), "", _t("Type the class of the selected photos")),
    Spec("new_class", _t("&New Class…"), ("Ctrl+N",), "add", _t("Create a class and put the selected photos in it")),
    Spec(
        "split_class",
        _t("New Class from &Selection…"),
        ("Ctrl+Shift+N",),
        "",
        _t("Move the selected photos to a new class"),
    ),
    Spec("class_up", _t("Move Class &Up"), ("Alt+Shift+Up",), "", _t("Move up. Number keys follow the order")),
    Spec("class_down", _t("Mo&ve Class Down"), ("Alt+Shift+Down",), "", _t("Move down. Number keys follow the order")),
    Spec("rename_class", _t("&Rename Class"), ("F2",), "", ""),
    Spec("merge_class", _t("&Merge Class…"), ("Ctrl+Shift+M",), "", ""),
    Spec("delete_class", _t("&Delete Class…"), ("Ctrl+Shift+D",), "", ""),
    Spec(
        "retrain", _t("Re&train"), ("Ctrl+T",), "retrain", _t("Learn from your confirmed photos"), short=_t("Retrain")
    ),
    Spec(
        "pause_learning",
        _t("Paus&e Learning"),
        ("Ctrl+Shift+P",),
        "",
        _t("Leave the suggestions as they are until you choose Retrain"),
        checkable=True,
    ),
    Spec(
        "deep_train",
        _t("Train T&horoughly…"),
        ("Ctrl+Shift+T",),
        "",
        _t("Takes minutes; usually 1-3 % more accurate"),
    ),
    Spec(
        "evaluate",
        _t("Check Accurac&y…"),
        ("Ctrl+E",),
        "evaluate",
        _t("Measure how often the suggestions are right"),
        short=_t("Check Accuracy"),
    ),
    Spec(
        "check_sample",
        _t("Check a Sam&ple…"),
        ("Ctrl+Shift+C",),
        "",
        _t("Answer about a few photos, and know how many of all suggestions are right"),
    ),
    Spec(
        "check_labels",
        _t("Review Doubtful La&bels…"),
        ("Ctrl+L",),
        "check-labels",
        _t("Review labels that may be wrong"),
    ),
    Spec(
        "name_groups",
        _t("Name Gr&oups of Photos"),
        ("Ctrl+G",),
        "groups",
        _t("Give photos that look alike their class together"),
        short=_t("Name Groups"),
    ),
    Spec(
        "label_next",
        _t("Su&ggest Photos to Label"),
        ("Ctrl+J",),
        "label-next",
        _t("Ten photos that would help most"),
    ),
    Spec("models", _t("Vers&ions…"), ("Ctrl+M",), "", _t("Go back to an earlier version")),
    Spec(
        "large_view",
        _t("Lar&ge View"),
        ("@Space",),
        "large-view",
        _t("Show the photo in place of the grid"),
    ),
    Spec(
        "compare",
        _t("&Compare"),
        ("@C",),
        "compare",
        _t("Show the photo beside the other selected one, or the most similar confirmed one"),
        checkable=True,
    ),
    Spec(
        "heat_map",
        _t("What the Net&work Saw"),
        ("@H",),
        "heat-map",
        _t("Colour the parts of the photo that support the suggestion"),
        checkable=True,
    ),
    Spec(
        "show_similar",
        _t("Show Simila&r"),
        ("Ctrl+Shift+L",),
        "",
        _t("Show the photos that look most like this one"),
    ),
    Spec("show_in_folder", _t("Show in &Folder"), ("Ctrl+R",), "open-folder", ""),
    Spec("copy_path", _t("Cop&y Path"), ("@Ctrl+C",), "", _t("Copy where the photos are, one path a line")),
    Spec("zoom_in", _t("Larger Photos"), ("Ctrl++", "Ctrl+="), "", ""),
    Spec("zoom_out", _t("Smaller Photos"), ("Ctrl+-",), "", ""),
    Spec("find", _t("&Search by Name"), ("Ctrl+F",), "search", _t("Show files with a text in their name")),
    Spec("show_all", _t("Show &All Photos"), ("Ctrl+0",), "all-photos", ""),
    Spec("show_unsure", _t("Show &Not Sure"), ("Ctrl+1",), "verdict-unsure", ""),
    Spec("show_unknown", _t("Show Un&known"), ("Ctrl+2",), "verdict-new", ""),
    Spec("show_unreadable", _t("Show &Unreadable"), ("Ctrl+3",), "unreadable", ""),
    Spec(
        "hide_confirmed",
        _t("&Hide Confirmed Photos"),
        ("Ctrl+K",),
        "reviewed-off",
        _t("Show only photos you have not confirmed yet"),
        checkable=True,
        icon_on="reviewed",
        short=_t("Hide confirmed"),
    ),
    Spec("inspector", _t("&Inspector"), ("Ctrl+I",), "", "", checkable=True),
    Spec(
        "save_diagnostics",
        _t("Save &Diagnostics…"),
        ("Ctrl+Alt+D",),
        "",
        _t("Save versions, settings and errors for a bug report, without names of photos, folders or classes"),
    ),
    Spec("about", _t("&About FlowerSorter"), ("Ctrl+F1",), "", ""),
    Spec("help", _t("&Keyboard and Mouse"), ("F1", "?"), "", ""),
)

MENUS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "file_menu",
        _t("&File"),
        (
            "open_folder",
            "recent_menu",
            "rescan",
            "scan_options",
            "",
            "new_collection",
            "open_collection",
            "collections_menu",
            "",
            "sort",
            "history",
            "verify",
            "",
            "export_model",
            "import_model",
            "preferences",
            "",
            "quit",
        ),
    ),
    (
        "edit_menu",
        _t("&Edit"),
        (
            "undo",
            "redo",
            "",
            "undo_sort",
            "",
            "select_all",
            "",
            "confirm",
            "reject",
            "not_mine",
            "dont_know",
            "clear_label",
            "leave_out",
            "take_lookalikes",
        ),
    ),
    (
        "classes_menu",
        _t("&Classes"),
        (
            "assign_class",
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
            "name_groups",
            "retrain",
            "pause_learning",
            "deep_train",
            "evaluate",
            "check_sample",
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
            "large_view",
            "compare",
            "heat_map",
            "show_similar",
            "show_in_folder",
            "copy_path",
            "",
            "find",
            "show_all",
            "show_unsure",
            "show_unknown",
            "show_unreadable",
            "hide_confirmed",
            "",
            "zoom_in",
            "zoom_out",
            "inspector",
        ),
    ),
    ("help_menu", _t("&Help"), ("help", "save_diagnostics", "about")),
)

TOOLBAR = (
    "open_folder",
    "",
    "undo",
    "redo",
    "",
    "retrain",
    "evaluate",
    "check_labels",
    "label_next",
    "<>",
    "sort",
)
BUTTONS_WITH_TEXT = ("open_folder", "retrain", "sort")
#: Actions that need an open folder, besides those on its photos.
OF_A_FOLDER = ("rescan", "scan_options")
#: Actions that need photos in it.
OF_PHOTOS = (
    "sort",
    "select_all",
    "hide_confirmed",
    "name_groups",
    "label_next",
    "check_sample",
    "leave_out",
    "take_lookalikes",
    "large_view",
    "compare",
    "heat_map",
    "show_similar",
    "show_in_folder",
    "copy_path",
)
