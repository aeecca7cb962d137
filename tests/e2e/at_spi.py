"""A screen reader's side of AT-SPI, on D-Bus: the objects of another program, with names, roles, states and actions."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from jeepney import DBusAddress, DBusErrorResponse, MatchRule, Properties, message_bus, new_method_call
from jeepney.io.blocking import DBusConnection, open_dbus_connection
from jeepney.wrappers import unwrap_msg

#: Within this any machine has shown what is waited for.
LONGEST_S = 180.0
#: The tree is looked at again after this long even if no change of it was announced.
LOOK_AGAIN_S = 1.0
_REPLY_S = 60.0
_A11Y = "org.a11y.atspi"
_NOTHING = "/org/a11y/atspi/null"
#: Bits of a set of states.
_STATES = {4: "checked", 23: "selected", 24: "sensitive", 25: "showing"}
#: Of what can be seen and used.
USABLE = frozenset({"sensitive", "showing"})


@dataclass(frozen=True)
class Thing:
    """One object of a program: a window, a button, a photo.

    Attributes:
        reader: Asks for it.
        owner: The program's name on the bus.
        path: Its own.
    """

    reader: ScreenReader
    owner: str
    path: str

    @property
    def name(self) -> str:
        """The words that are read first."""
        return str(self.get("Accessible", "Name"))

    @property
    def description(self) -> str:
        """The words that are read after them."""
        return str(self.get("Accessible", "Description"))

    @property
    def role(self) -> str:
        """Such as "push button"."""
        return str(self.call("Accessible", "GetRoleName")[0])

    @property
    def states(self) -> set[str]:
        """Those of `_STATES` that it is in."""
        low, high = self.call("Accessible", "GetState")[0]
        return {name for bit, name in _STATES.items() if (high << 32 | low) >> bit & 1}

    @property
    def children(self) -> list[Thing]:
        """The objects in it."""
        found = self.call("Accessible", "GetChildren")[0]
        return [Thing(self.reader, owner, path) for owner, path in found if path != _NOTHING]

    @property
    def text(self) -> str:
        """The text of a field."""
        return str(self.call("Text", "GetText", "ii", (0, -1))[0])

    def within(self) -> Iterator[Thing]:
        """This object and every one in it; objects that go meanwhile are left out."""
        yield self
        with suppress(DBusErrorResponse):
            for child in self.children:
                yield from child.within()

    def find(self, role: str, name: str | re.Pattern[str], *, hidden: bool = False) -> Thing | None:
        """The first object of a role and a name in it that can be seen and used, or with `hidden` any."""
        for each in self.within():
            with suppress(DBusErrorResponse):
                if each.role == role and _fits(each.name, name) and (hidden or each.states >= USABLE):
                    return each
        return None

    def press(self) -> None:
        """Do the first thing that it does."""
        assert self.call("Action", "DoAction", "i", (0,))[0], f"{self.name!r} does nothing"

    def write(self, text: str) -> None:
        """Put a text into a field, in place of its own."""
        assert self.call("EditableText", "SetTextContents", "s", (text,))[0], f"{self.name!r} takes no text"

    def select(self, child: Thing) -> None:
        """Select one of its items, and no other."""
        self.call("Selection", "ClearSelection")
        assert self.call("Selection", "SelectChild", "i", (self.children.index(child),))[0]

    def call(self, interface: str, method: str, signature: str = "", body: tuple[Any, ...] = ()) -> tuple[Any, ...]:
        """Call one of its methods; raises DBusErrorResponse if it is gone or has no such method."""
        return self.reader.ask(new_method_call(self._address(interface), method, signature, body))

    def get(self, interface: str, name: str) -> Any:
        """Read one of its properties."""
        return self.reader.ask(Properties(self._address(interface)).get(name))[0][1]

    def _address(self, interface: str) -> DBusAddress:
        return DBusAddress(self.path, self.owner, f"{_A11Y}.{interface}")


class ScreenReader:
    """Reads the programs of a session, and waits for what they show.

    Args:
        session_bus: The address of the session's message bus, which starts that of AT-SPI.
    """

    def __init__(self, session_bus: str) -> None:
        with open_dbus_connection(session_bus) as session:
            bus = DBusAddress("/org/a11y/bus", "org.a11y.Bus", "org.a11y.Bus")
            address = session.send_and_get_reply(new_method_call(bus, "GetAddress"), timeout=_REPLY_S).body[0]
        self._bus: DBusConnection = open_dbus_connection(address)
        changes = MatchRule(type="signal", interface=f"{_A11Y}.Event.Object")
        try:
            self.ask(_bus_call("AddMatch", changes.serialise()))
            self._register()
        except BaseException:
            self._bus.close()
            raise
        self._listening = self._bus.filter(changes, bufsize=1)
        self._news = self._listening.__enter__()
        self.desktop = Thing(self, f"{_A11Y}.Registry", f"/{_A11Y.replace('.', '/')}/accessible/root")

    def _register(self) -> None:
        """Ask the registry for events; it may end while it starts on a busy machine, and the bus starts another."""
        registry = DBusAddress(f"/{_A11Y.replace('.', '/')}/registry", f"{_A11Y}.Registry", f"{_A11Y}.Registry")
        for last in (False, False, True):
            try:
                self.ask(new_method_call(registry, "RegisterEvent", "s", ("object:",)))
            except DBusErrorResponse as error:
                if last or error.name != "org.freedesktop.DBus.Error.NoReply":
                    raise
            else:
                return

    def ask(self, message: Any) -> tuple[Any, ...]:
        """Send a message and wait for the answer."""
        reply: tuple[Any, ...] = unwrap_msg(self._bus.send_and_get_reply(message, timeout=_REPLY_S))
        return reply

    def wait(self, role: str, name: str | re.Pattern[str], *, hidden: bool = False) -> Thing:
        """The first object of a role and a name, as soon as a program shows one."""
        found: Thing = self.until(lambda: self.desktop.find(role, name, hidden=hidden), f"{role} {name!r}")
        return found

    def press(self, role: str, name: str | re.Pattern[str], *, hidden: bool = False) -> None:
        """Press a button as soon as there is one; with `hidden`, choose an entry of a menu."""
        self.wait(role, name, hidden=hidden).press()

    def until(self, found: Callable[[], Any], what: str) -> Any:
        """The first result of a function that is true; looks again whenever a program says that something changed."""
        end_s = time.monotonic() + LONGEST_S
        while True:
            self._news.clear()
            with suppress(DBusErrorResponse):  # of what goes while it is looked at
                if result := found():
                    return result
            assert time.monotonic() < end_s, f"nothing shows: {what}\n{self.said()}"
            with suppress(TimeoutError):
                self._bus.recv_until_filtered(self._news, timeout=LOOK_AGAIN_S)

    def said(self) -> str:
        """All that can be seen, a line each."""
        lines = []
        for each in self.desktop.within():
            with suppress(DBusErrorResponse):
                if "showing" in each.states:
                    lines.append(f"{each.role}: {each.name}")
        return "\n".join(lines)

    def __enter__(self) -> ScreenReader:
        return self

    def __exit__(self, *failure: object) -> None:
        self._bus.close()


def _fits(said: str, wanted: str | re.Pattern[str]) -> bool:
    return said == wanted if isinstance(wanted, str) else wanted.search(said) is not None


def _bus_call(method: str, *words: str) -> Any:
    """A call of the message bus itself."""
    return new_method_call(message_bus, method, "s" * len(words), words)
