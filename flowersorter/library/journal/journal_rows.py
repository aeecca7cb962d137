"""Converts rows of the journal's tables."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from flowersorter.domain.journal import Entry, EntryState, MadeFolder, Run, RunState, SuggestionChoice, Volume


def run_of(row: sqlite3.Row) -> Run:
    """A row of `runs`, with its counts."""
    return Run(
        id=row["id"],
        mode=row["mode"],
        source=_path(row["source"]),
        destination=Path(os.fsdecode(row["destination"])),
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        state=RunState(row["state"]),
        photos=row["photos"],
        undone=row["undone"],
        failed=row["failed"],
        late_sidecars=row["late_sidecars"],
        touched=row["touched"],
        waiting=row["waiting"],
        waiting_beside=row["waiting_beside"],
        waiting_duplicates=row["waiting_duplicates"],
        removes_emptied=bool(row["removes_emptied"]),
        volumes=_volumes_of(row["volumes"]),
        suggestions=None if row["included"] is None else SuggestionChoice(row["backbone"], row["included"]),
    )


def volumes_text(volumes: Mapping[Path, Volume]) -> str | None:
    """The column `runs.volumes`: a list of folder, mount point, device and file system id; None where there is none."""
    rows = [[str(folder), str(each.mount_point), each.device, each.filesystem_id] for folder, each in volumes.items()]
    return json.dumps(rows) if rows else None


def folder_of(row: sqlite3.Row) -> MadeFolder:
    """A row of `made_folders`."""
    return MadeFolder(row["id"], row["run_id"], Path(os.fsdecode(row["path"])))


def entry_of(row: sqlite3.Row) -> Entry:
    """A row of `filings`."""
    return Entry(
        id=row["id"],
        run_id=row["run_id"],
        lead_id=row["lead_id"],
        class_name=row["class_name"],
        action=row["action"],
        source=Path(os.fsdecode(row["source"])),
        destination=Path(os.fsdecode(row["destination"])),
        temporary=_path(row["temporary"]),
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
        mtime_ns=row["mtime_ns"],
        state=EntryState(row["state"]),
        error=row["error"],
        original_id=row["original_id"],
        by_label=bool(row["by_label"]),
    )


def _path(name: bytes | None) -> Path | None:
    return None if name is None else Path(os.fsdecode(name))


def _volumes_of(column: str | None) -> dict[Path, Volume]:
    rows = json.loads(column) if column else []
    return {
        Path(folder): Volume(Path(mount_point), device, filesystem_id)
        for folder, mount_point, device, filesystem_id in rows
    }
