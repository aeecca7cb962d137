"""The start of the program that `tests.bench speed` times is that of the program."""

from __future__ import annotations

from pathlib import Path

from tests.bench.speed.start import timed_start


def test_a_start_is_timed_until_its_window_is_seen(tmp_path: Path) -> None:
    program = timed_start(collection=tmp_path / "collection")
    assert program["visible_s"] > 0
    assert program["torch"] is False
    assert (tmp_path / "collection" / "library.sqlite").exists()
