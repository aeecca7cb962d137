"""The actions of the View menu as data, and the type of all of them."""

from __future__ import annotations

from dataclasses import dataclass


def _t(text: str) -> str:
    """Mark a text for translation; it is translated when the action is made (context "Actions")."""
    return text


@dataclass(frozen=True, slots=True)
class Spec:
    """One action.

    Attributes:
        name: Object name, by which the window finds it.
        text: In the menu.
        keys: Shortcuts, the first one is shown; "@" before a key means: only while the grid has the focus.
        icon: Name of its picture, or "".
        tip: A sentence about its effect; "" if the text says enough.
        checkable: Whether it can be on or off.
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


VIEW_SPECS = (
    Spec(
        "large_view",
        _t("Lar&ge view"),
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
        _t("What the net&work saw"),
        ("@H",),
        "heat-map",
        _t("Colour the parts of the photo that support the suggestion"),
        checkable=True,
    ),
    Spec(
        "show_similar",
        _t("Show simila&r"),
        ("Ctrl+Shift+L",),
        "",
        _t("Show the photos that look most like this one"),
    ),
    Spec("show_in_folder", _t("Show in &folder"), ("Ctrl+R",), "open-folder", ""),
    Spec("copy_path", _t("Cop&y path"), ("@Ctrl+C",), "", _t("Copy where the photos are, one path a line")),
    Spec("zoom_in", _t("Larger photos"), ("Ctrl++", "Ctrl+="), "", ""),
    Spec("zoom_out", _t("Smaller photos"), ("Ctrl+-",), "", ""),
    Spec(
        "open_stack",
        _t("&Open or close stack"),
        ("@X",),
        "",
        _t("Show each photo of the stack, or put them on one tile again"),
    ),
    Spec(
        "stack_shots",
        _t("Stack &look-alike shots"),
        ("Ctrl+Shift+K",),
        "",
        _t("Put bursts and near-copies on one tile. Each action reaches all of them"),
        checkable=True,
    ),
    Spec(
        "find",
        _t("&Search"),
        ("Ctrl+F",),
        "search",
        _t("Show photos with words in their name, class, folder or date"),
    ),
    Spec(
        "filter",
        _t("Filt&er…"),
        ("Ctrl+Shift+F",),
        "filter",
        _t("Show photos by suggestion, date or folder only"),
    ),
    Spec("clear_filters", _t("Clear fil&ters"), ("Ctrl+Alt+F",), "", _t("Show the photos that filters hide")),
    Spec(
        "order_helpful",
        _t("&Most helpful first"),
        ("Alt+1",),
        "",
        _t("First the photos whose answer puts most suggestions right"),
    ),
    Spec("order_doubt", _t("&Least certain first"), ("Alt+2",), "", ""),
    Spec("order_alike", _t("Most like the &selected photo"), ("Alt+3",), "", ""),
    Spec("order_date", _t("By &date taken"), ("Alt+4",), "", ""),
    Spec("order_name", _t("By &name"), ("Alt+5",), "", ""),
    Spec("show_all", _t("Show &all photos"), ("Ctrl+0",), "all-photos", ""),
    Spec("show_unsure", _t("Show &not sure"), ("Ctrl+1",), "verdict-unsure", ""),
    Spec("show_unknown", _t("Show un&known"), ("Ctrl+2",), "verdict-new", ""),
    Spec("show_unreadable", _t("Show &unreadable"), ("Ctrl+3",), "unreadable", ""),
    Spec(
        "hide_confirmed",
        _t("&Hide confirmed photos"),
        ("Ctrl+K",),
        "reviewed-off",
        _t("Show only photos you have not confirmed yet"),
        checkable=True,
        icon_on="reviewed",
        short=_t("Hide confirmed"),
    ),
    Spec("inspector", _t("&Inspector"), ("Ctrl+I",), "", "", checkable=True),
)
