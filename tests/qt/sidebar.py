"""Finds rows of the sidebar."""

from __future__ import annotations

from flowersorter.ui.classes.class_list import ClassList
from flowersorter.ui.classes.sidebar_view import SidebarView


def view_of(sides: ClassList, key: int) -> SidebarView:
    """The part of the sidebar that has the row of this key."""
    return next(view for view in sides.findChildren(SidebarView) if view.rows.row_of(key) >= 0)
