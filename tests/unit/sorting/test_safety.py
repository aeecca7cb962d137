"""A share of every line of `python -m tests.bench safety`: nothing is lost, partial, modified or otherwise wrong."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from tests.bench.safety.mounts import apart
from tests.bench.safety.table import LINES, Line

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.what)
def test_a_share_of(line: Line, tmp_path: Path) -> None:
    measure = partial(line.measure, tmp_path, **line.share)
    tally = apart(measure) if line.mounts else measure()
    if tally.skipped:
        pytest.skip(tally.skipped)
    assert (tally.lost, tally.partial, tally.modified, dict(tally.wrong)) == (0, 0, 0, {})
    assert tally.tried > 0
