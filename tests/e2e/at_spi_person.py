"""A person with a screen reader: gives a photo of the open window its class, and quits, through AT-SPI alone.

A program of its own, for a Python that has gi and Atspi, which that of the tests need not have. Called with the name of
the class; prints what was read out of the photo before and after.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import gi  # type: ignore[import-not-found]  # of the system

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # type: ignore[import-not-found]  # noqa: E402 - its version comes first

LONGEST_S = 120.0
_MOST_CHILDREN = 60


def below(accessible: Any) -> Iterator[Any]:
    """Every accessible object in an object, itself first; of long lists the first items."""
    yield accessible
    for number in range(min(accessible.get_child_count(), _MOST_CHILDREN)):
        child = accessible.get_child_at_index(number)
        if child is not None:
            yield from below(child)


def in_program(role: str, test: Callable[[str], bool]) -> Any:
    """Return the first object of a role whose name passes a test, as soon as the program has one."""
    end_s = time.monotonic() + LONGEST_S
    while time.monotonic() < end_s:
        with contextlib.suppress(GLib.Error):  # of what goes while it is looked at
            for each in below(Atspi.get_desktop(0)):
                if each.get_role_name() == role and test(each.get_name() or ""):
                    return each
        time.sleep(0.5)
    sys.exit(f"no {role} as it is looked for")


def press(accessible: Any) -> None:
    """Do the first thing that an object does."""
    accessible.do_action(0)


def say(accessible: Any) -> None:
    """Pass on what is read out of an object."""
    sys.stdout.write(f"{accessible.get_name()}\n")


def main() -> None:
    """Choose the first photo that was read, assign the class, wait until it is read out with it, and quit."""
    class_name = sys.argv[1]
    photo = in_program("list item", lambda name: ".jpg, " in name)
    say(photo)
    file = photo.get_name().partition(",")[0]
    photo.get_parent().select_child(photo.get_index_in_parent())
    press(in_program("menu item", lambda name: name == class_name))
    say(in_program("list item", lambda name: name.startswith(f"{file}, {class_name}, confirmed")))
    leave = in_program("menu item", lambda name: name == "Quit")
    with contextlib.suppress(GLib.Error):  # the program may be gone before it answers
        press(leave)


if __name__ == "__main__":
    main()
