from __future__ import annotations

import pytest

from flowersorter.library.database.connection import Database, storable_text, storable_time


@pytest.mark.parametrize(
    ("mtime_ns", "stored"), [(7, 7), (-7, -7), (2**70, 2**63 - 1), (-(2**70), -(2**63)), (-(2**63), -(2**63))]
)
def test_a_time_is_clipped_to_the_integers_of_sqlite(database: Database, mtime_ns: int, stored: int) -> None:
    assert storable_time(mtime_ns) == stored
    assert database.query("SELECT ? AS time", (storable_time(mtime_ns),))[0]["time"] == stored


def test_a_text_with_undecodable_bytes_is_escaped(database: Database) -> None:
    text = storable_text("half\udcff")
    assert text == "half\\udcff"
    assert database.query("SELECT ? AS text", (text,))[0]["text"] == text
    assert storable_text(None) is None
