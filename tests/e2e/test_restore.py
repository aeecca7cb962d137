"""A damaged library in the terminal: every verb names the way out, one verb goes it, and says so."""

from __future__ import annotations

from tests.e2e.conftest import Labelled
from tests.e2e.program import Program, tree


def test_a_damaged_library_is_put_back_and_said(program: Program, labelled: Labelled) -> None:
    program.ok("history")  # makes the first backup
    (program.collection / "library.sqlite").write_bytes(b"no database" * 1000)
    refused = program.run("history")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.endswith("restore the newest sound one: flowersorter recover.\n")

    checks = {check["name"]: check["detail"] for check in program.run("doctor", "--json").objects[:-1]}
    assert checks["Collection"].endswith("flowersorter recover.")

    recovered = program.ok("recover")
    assert "was restored" in recovered.out
    assert "No photo was touched." in recovered.out
    [kept] = program.collection.glob("library-damaged-*.sqlite")
    assert str(kept) in recovered.out
    assert kept.read_bytes() == b"no database" * 1000
    assert tree(labelled.folder) == labelled.before

    program.ok("history")
    assert program.ok("recover").out == "Nothing was left half-done.\n"


def test_without_a_backup_recover_fails_with_a_sentence(fresh: Program) -> None:
    fresh.collection.mkdir()
    (fresh.collection / "library.sqlite").write_bytes(b"no database" * 1000)
    recovered = fresh.run("recover")
    assert (recovered.code, recovered.out) == (1, "")
    assert "no backup" in recovered.err
    assert "Traceback" not in recovered.err
