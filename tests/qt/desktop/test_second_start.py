"""A second start: the window that is open takes its folders, and whatever else arrives at the socket is ignored."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QDialog, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.ui.desktop import start_listener
from flowersorter.ui.desktop.hand_over import hand_over
from flowersorter.ui.desktop.second_start import SecondStart
from flowersorter.ui.desktop.start_listener import StartListener
from flowersorter.ui.desktop.start_request import TAKEN, StartRequest, encode, socket_address

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="speaks to a Unix socket")


@pytest.fixture
def address(tmp_path: Path) -> str:
    found = socket_address(tmp_path)
    assert found is not None
    return found


@pytest.fixture
def listener(address: str, qtbot: QtBot) -> Iterator[StartListener]:
    made = StartListener()
    assert made.listen(address)
    yield made
    made.stop()


def send(address: str, *parts: bytes) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    connection.connect(address)
    for part in parts:
        connection.sendall(part)
    return connection


def is_closed(connection: socket.socket) -> bool:
    """Whether the window closed a connection, without an answer."""
    connection.settimeout(0)
    try:
        return connection.recv(10) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def handed_over(collection: Path, roots: tuple[Path, ...], qtbot: QtBot) -> bool:
    """Hand over from another thread, as if from another process."""
    taken: list[bool] = []
    thread = threading.Thread(target=lambda: taken.append(hand_over(collection, roots)))
    thread.start()
    qtbot.waitUntil(lambda: bool(taken))
    thread.join()
    return taken[0]


def test_the_window_comes_forward_and_opens_the_folders(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, opened = QWidget(), list[tuple[Path, ...]]()
    qtbot.addWidget(window)
    window.showMinimized()
    second = SecondStart(tmp_path, window, opened.append)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_ACTIVATION_TOKEN", "token")
    assert handed_over(tmp_path, (Path("day 1"), tmp_path / "a.jpg"), qtbot)
    assert opened == [(tmp_path / "day 1", tmp_path / "a.jpg")]
    assert not window.isMinimized()
    assert handed_over(tmp_path, (), qtbot)
    assert len(opened) == 1
    dialog = QDialog(window)
    dialog.open()
    assert handed_over(tmp_path, (tmp_path,), qtbot)
    assert len(opened) == 1  # not under the dialog
    dialog.reject()
    qtbot.waitUntil(lambda: len(opened) == 2)
    second.shutdown()
    assert not hand_over(tmp_path, ())


def test_hostile_input_is_dropped_and_the_next_start_is_heard(
    listener: StartListener, address: str, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_listener, "MAX_BYTES", 1000)
    requests: list[StartRequest] = []
    listener.requested.connect(requests.append)
    half = send(address, encode(StartRequest())[:10])
    gone = send(address, encode(StartRequest())[:10])
    gone.close()
    for parts in ([b"\0\xff\n"], [b"x" * 1000], [b"y" * 999, b"\n"], [b'{"version": 1}\nmore\n']):
        connection = send(address, *parts)
        qtbot.waitUntil(partial(is_closed, connection))
        connection.close()
    assert requests == []
    wanted = StartRequest((Path(os.sep) / "a",))
    with qtbot.waitSignal(listener.requested), send(address, encode(wanted)[:20]) as slow:
        slow.sendall(encode(wanted)[20:] + b"more")
    assert requests == [wanted]
    half.sendall(encode(StartRequest())[10:])
    with half:
        qtbot.waitUntil(lambda: len(requests) == 2)
        assert half.recv(10) == TAKEN


def test_who_connects_too_often_or_says_nothing_is_dropped(
    listener: StartListener, address: str, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_listener, "_MAX_CONNECTIONS", 2)
    silent = [send(address) for _ in range(2)]
    qtbot.waitUntil(lambda: len(listener.children()) >= 3)
    with send(address) as third:
        qtbot.waitUntil(lambda: is_closed(third))
    assert not any(map(is_closed, silent))
    monkeypatch.undo()
    for timer in listener.findChildren(QTimer):
        timer.timeout.emit()
    assert all(map(is_closed, silent))
    for connection in silent:
        connection.close()


def test_the_socket_of_a_crashed_program_is_taken_over(tmp_path: Path, address: str, qtbot: QtBot) -> None:
    crashed = socket.socket(socket.AF_UNIX)
    crashed.bind(address)
    crashed.close()  # its file stays
    assert not hand_over(tmp_path, ())
    listener = StartListener()
    assert listener.listen(address)
    assert Path(address).stat().st_mode & 0o077 == 0
    assert handed_over(tmp_path, (), qtbot)
    listener.stop()
    assert not Path(address).exists()
