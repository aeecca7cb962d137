"""The log: made by the first warning, small, and begun with the versions."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

import flowersorter
from flowersorter.library.files import log_file
from flowersorter.library.files.log_file import logged, read_log

log = logging.getLogger("flowersorter.test")


def test_warnings_and_errors_are_logged_with_the_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # a test report cannot hold a name that is no text
    with logged(tmp_path):
        log.info("not worth a line")
        assert read_log(tmp_path) == ""
        assert not list(tmp_path.iterdir())
        log.warning("caf\udce9 is odd")
        try:
            raise ValueError("unexpected")
        except ValueError as error:
            log.error("Unexpected error", exc_info=error)
    log.warning("after the end")
    lines = read_log(tmp_path).splitlines()
    assert flowersorter.__version__ in lines[0]
    assert lines[1].endswith("WARNING flowersorter.test: caf\\udce9 is odd")
    assert lines[-1] == "ValueError: unexpected"


def test_the_log_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "MAX_BYTES", 1000)
    with logged(tmp_path):
        for number in range(100):
            log.warning("number %s", number)
    sizes = [file.stat().st_size for file in tmp_path.iterdir()]
    assert len(sizes) == 2
    assert max(sizes) <= 1000
    assert read_log(tmp_path).splitlines()[-1].endswith("number 99")


def test_a_log_that_cannot_be_written_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    (tmp_path / log_file.LOG_NAME).mkdir()
    with logged(tmp_path):
        log.warning("one")
    assert read_log(tmp_path) == ""
