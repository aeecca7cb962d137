"""Commands in this process, with a network that sees colours and a collection of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from flowersorter.cli import main
from flowersorter.workflows.engine import Engine
from tests.stub_network import open_colour_network
from tests.unit.workflows.conftest import draw_photos

Run = Callable[..., str]


@dataclass(frozen=True)
class Said:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


Try = Callable[..., Said]


@pytest.fixture
def attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Try:
    """Runs a command that may fail."""
    colour_engine = partial(Engine, open_network=open_colour_network)
    monkeypatch.setattr("flowersorter.commands.shared.context.Engine", colour_engine)

    def attempt(*words: str | Path | int) -> Said:
        code = main([*map(str, words), "--collection", str(tmp_path / "collection")])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return attempt


@pytest.fixture
def run(attempt: Try) -> Run:
    """Runs a command that succeeds, and returns its output."""

    def run(*words: str | Path | int) -> str:
        said = attempt(*words)
        assert said.code == 0, said.err
        return said.out

    return run


@pytest.fixture
def photos(tmp_path: Path, run: Run) -> Path:
    """A folder with three photos labelled red."""
    run("label", *draw_photos(tmp_path / "photos", "red", 3), "--as", "red")
    return tmp_path / "photos"
