"""The keywords that sorts wrote into sidecars, and the sidecars that have them now, according to the journal."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

from flowersorter.domain.journal import NewEntry, WrittenKeywords
from flowersorter.library.database.connection import Database, storable_text
from flowersorter.library.tables.settings import KEPT_SIDECARS, Settings

#: Every sidecar that is filed, in the order of the filings.
_SIDECARS = """
    SELECT f.action, f.source, f.destination, f.sha256, written.keywords, written.base_sha256
    FROM filings f LEFT JOIN written_keywords written ON written.filing_id = f.id
    WHERE f.state = 'done' AND f.lead_id IS NOT NULL ORDER BY f.id
"""


class KeywordIndex:
    """The sidecars with keywords of ours.

    Args:
        by_path: By their paths, as `os.fsencode` gives them.
        by_sha256: By their bytes, for those that the person moved.
    """

    def __init__(
        self,
        by_path: Mapping[bytes, WrittenKeywords] | None = None,
        by_sha256: Mapping[bytes, WrittenKeywords] | None = None,
    ) -> None:
        self._by_path, self._by_sha256 = by_path or {}, by_sha256 or {}

    def __bool__(self) -> bool:
        return bool(self._by_path or self._by_sha256)

    def at(self, path: Path) -> WrittenKeywords | None:
        """Our keywords in the sidecar at a path, if the journal knows that it has any."""
        return self._by_path.get(os.fsencode(path))

    def of_bytes(self, sha256: bytes) -> WrittenKeywords | None:
        """Our keywords in a sidecar with these bytes."""
        return self._by_sha256.get(sha256)


def insert_keywords(connection: sqlite3.Connection, entries: Iterable[tuple[int, NewEntry]]) -> None:
    """Store the keywords of new filings, given with their ids."""
    connection.executemany(
        "INSERT INTO written_keywords (filing_id, keywords, base_sha256, base) VALUES (?, ?, ?, ?)",
        [
            (
                filing_id,
                storable_text(json.dumps(entry.keywords.by_field)),
                entry.keywords.base_sha256,
                None if entry.keywords.base is None else os.fsencode(entry.keywords.base),
            )
            for filing_id, entry in entries
            if entry.keywords is not None
        ],
    )


def written_by(database: Database, filing_ids: Iterable[int]) -> dict[int, WrittenKeywords]:
    """Return those of some filings that have keywords of ours, with these."""
    rows = database.query_in("SELECT * FROM written_keywords WHERE filing_id IN (?)", list(filing_ids))
    return {
        row["filing_id"]: WrittenKeywords(
            _by_field(row["keywords"]),
            row["base_sha256"],
            None if row["base"] is None else Path(os.fsdecode(row["base"])),
        )
        for row in rows
    }


def _by_field(column: str) -> dict[str, tuple[str, ...]]:
    return {field: tuple(values) for field, values in json.loads(column).items()}


def read_keywords(database: Database) -> KeywordIndex:
    """Read the sidecars that have keywords of ours: a later copy or move takes them along, undo takes them away."""
    if not database.tuples("SELECT 1 FROM written_keywords LIMIT 1"):
        return KeywordIndex()
    by_path: dict[bytes, WrittenKeywords] = {}
    by_sha256: dict[bytes, WrittenKeywords] = {}
    for action, source, destination, sha256, keywords, base_sha256 in database.tuples(_SIDECARS):
        before = by_path.pop(source, None) if action == "move" else by_path.get(source)
        if keywords is not None:
            by_path[destination] = by_sha256[sha256] = WrittenKeywords(_by_field(keywords), base_sha256)
        elif before is not None:
            by_path[destination] = before
        else:
            by_path.pop(destination, None)
    return KeywordIndex(by_path, by_sha256)


def follow_moved_collection(database: Database, settings: Settings, kept: Path) -> None:
    """Correct the paths of kept sidecars in the journal where the folder of the collection was moved or copied.

    Args:
        database: Of the collection.
        settings: Of the collection.
        kept: Where its sorts keep sidecars now.
    """
    before = settings.get(KEPT_SIDECARS)
    if not before or before == str(kept) or not kept.is_dir():
        return
    old, new = os.fsencode(before) + os.fsencode(os.sep), os.fsencode(kept) + os.fsencode(os.sep)
    with database.transaction() as connection:
        for column in ("source", "destination", "temporary"):
            rows = connection.execute(
                f"SELECT id, {column} FROM filings WHERE substr({column}, 1, ?) = ?", (len(old), old)
            ).fetchall()
            connection.executemany(
                f"UPDATE filings SET {column} = ? WHERE id = ?",
                [(new + path[len(old) :], filing_id) for filing_id, path in rows],
            )
        settings.set(KEPT_SIDECARS, str(kept))


def staged_sources(database: Database, folder: Path) -> set[Path]:
    """The files in a folder, or below it, that a filing was made from, or may be, and that undoing it needs."""
    within = os.fsencode(folder) + os.fsencode(os.sep)
    rows = database.tuples(
        "SELECT source FROM filings WHERE state IN ('planned', 'started', 'done', 'undoing')"
        " AND source >= ? AND substr(source, 1, ?) = ?",
        (within, len(within), within),
    )
    return {Path(os.fsdecode(row[0])) for row in rows}
