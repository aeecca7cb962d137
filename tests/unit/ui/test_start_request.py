"""What a second start says to the window, and where: read back as it was written, and nothing else is taken for it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from flowersorter.ui.desktop.hand_over import hand_over
from flowersorter.ui.desktop.start_request import StartRequest, decode, encode, socket_address


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("garden",),
        ("day 1", 'a "b" \\c', "line\nbreak", "blütenköpfe 花"),
        pytest.param((os.fsdecode(b"caf\xe9"),), marks=pytest.mark.skipif(sys.platform != "linux", reason="names")),
    ],
)
def test_paths_of_every_kind_arrive_as_they_were(names: tuple[str, ...], tmp_path: Path) -> None:
    request = StartRequest(tuple(tmp_path / name for name in names), "token-1")
    line = encode(request)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == request


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\xfe",
        b"GET / HTTP/1.1",
        b"[" * 100_000,
        b"9" * 100_000,
        b"null",
        b"[]",
        b'{"version": 2, "roots": [], "token": ""}',
        b'{"version": 1, "roots": "/", "token": ""}',
        b'{"version": 1, "roots": [1], "token": ""}',
        b'{"version": 1, "roots": ["relative"], "token": ""}',
        b'{"version": 1, "roots": ["/a\\u0000b"], "token": ""}',
        b'{"version": 1, "roots": ["/\\ud800"], "token": ""}',
        b'{"version": 1, "roots": [], "token": 1}',
        encode(StartRequest())[:-5],
    ],
)
def test_everything_else_is_no_request(line: bytes) -> None:
    assert decode(line) is None


@pytest.mark.parametrize("token", ["x" * 300, "a\nb", "ü"])
def test_an_odd_token_is_left_out(token: str) -> None:
    assert decode(json.dumps({"version": 1, "roots": [], "token": token}).encode()) == StartRequest()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes have no folder")
def test_the_socket_is_in_a_folder_of_the_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    address = socket_address(tmp_path / "flowers")
    assert address is not None
    folder = Path(address).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    (tmp_path / "link").symlink_to(tmp_path / "flowers")
    assert socket_address(tmp_path / "link") == address
    assert socket_address(tmp_path / "mushrooms") != address
    folder.chmod(0o770)
    assert socket_address(tmp_path / "flowers") is None
    folder.rmdir()
    folder.symlink_to(tmp_path)
    assert socket_address(tmp_path / "flowers") is None
    assert not hand_over(tmp_path / "flowers", ())
