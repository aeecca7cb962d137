"""SQLite opens files for reading on drives and on shares of a network, and changes none."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import pytest

import flowersorter
from flowersorter.library.database.read_only import open_read_only, read_only_uri


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        (PureWindowsPath(r"\\server\share\Lobe 1\db.sqlite"), "file:////server/share/Lobe%201/db.sqlite?mode=ro"),
        (PureWindowsPath(r"C:\Users\me\a?#.sqlite"), "file:///C:/Users/me/a%3F%23.sqlite?mode=ro"),
        (PurePosixPath("/home/me/grün.sqlite"), "file:///home/me/gr%C3%BCn.sqlite?mode=ro"),
    ],
)
def test_the_address_of_a_file_names_no_computer(file: PurePath, uri: str) -> None:
    assert read_only_uri(file) == uri


def test_a_file_is_read_and_not_changed_or_created(tmp_path: Path) -> None:
    file = tmp_path / "a ?#%.sqlite"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE notes (text TEXT)")
    with closing(open_read_only(file)) as database:
        assert database.execute("SELECT COUNT(*) FROM notes").fetchone() == (0,)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            database.execute("INSERT INTO notes VALUES ('a')")
    with pytest.raises(sqlite3.OperationalError), closing(open_read_only(tmp_path / "gone.sqlite")):
        pass
    assert list(tmp_path.iterdir()) == [file]


def test_no_other_module_makes_such_an_address() -> None:
    modules = Path(flowersorter.__file__).parent.rglob("*.py")
    assert [path.name for path in modules if "?mode=ro" in path.read_text(encoding="utf-8")] == ["read_only.py"]
