"""The verb check: asks at a terminal, takes a file of answers, and lists photos for another program."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flowersorter.cli import main
from flowersorter.commands.shared import context
from flowersorter.workflows.engine import Engine
from tests.stub_network import open_colour_network
from tests.unit.workflows.learned_colours import learned_colours

Told = Callable[..., str]


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return learned_colours(tmp_path_factory.mktemp("learned"))


@pytest.fixture
def photos(learned: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(learned / "photos", tmp_path / "photos"))


@pytest.fixture
def told(
    learned: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Told:
    """Runs the command on a collection that learned three colours; returns what it writes to stdout."""
    monkeypatch.setattr(context, "Engine", partial(Engine, open_network=open_colour_network))
    shutil.copytree(learned / "collection", tmp_path / "collection")

    def run(*words: str, code: int = 0) -> str:
        assert main(["check", str(photos), "--collection", str(tmp_path / "collection"), *words]) == code
        out, err = capsys.readouterr()
        return out if code == 0 else err

    return run


class Keyboard:
    """Stands in for stdin at a terminal; a line "^C" is Ctrl+C."""

    def __init__(self, lines: str) -> None:
        self._lines = io.StringIO(lines)

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        line = self._lines.readline()
        if line == "^C\n":
            os.kill(os.getpid(), signal.SIGINT)
        return line


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Types lines at a terminal."""

    def put(lines: str) -> None:
        monkeypatch.setattr("sys.stdin", Keyboard(lines))
        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    return put


def lines(out: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    *photos, last = [json.loads(line) for line in out.splitlines()]
    return photos, last["summary"]


def test_without_a_terminal_it_lists_the_photos_to_answer_about(told: Told, photos: Path) -> None:
    text = told("--goal", "80")
    assert "Is the suggestion right? Answer with --answers FILE" in text
    assert text.count(str(photos)) == 11
    assert "Too few are checked to say how many are right (0 of 30 checked, 0 wrong)." in text
    assert "11 more photos, if all are right, make it 80 of 100." in text
    asked, summary = lines(told("--goal", "80", "--json", "-n", "3"))
    assert [set(each) for each in asked] == [{"path", "class", "confidence", "verdict"}] * 3
    assert set(summary) == {
        *("statement", "at_least", "goal", "reached", "missed", "photos", "checked", "wrong", "skipped", "needed"),
        *("done", "model", "started_at", "withdrawn", "widened", "unused_answers"),
    }
    assert (summary["photos"], summary["needed"], summary["model"], summary["withdrawn"]) == (30, 11, 1, None)


def test_another_program_answers_until_the_goal_is_reached(told: Told, photos: Path, tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    asked, _ = lines(told("--goal", "80", "--json"))
    answers = [f'"{each["path"]}",y' for each in asked[:-1]]
    answers.append(Path(asked[-1]["path"]).relative_to(photos).as_posix() + ", n")
    file.write_text("\n".join([*answers, "no/such.jpg,y", ""]), encoding="utf-8-sig")
    asked, summary = lines(told("--goal", "80", "--json", "--answers", str(file)))
    assert (summary["checked"], summary["wrong"], summary["unused_answers"]) == (11, 1, 1)
    assert (summary["reached"], summary["needed"]) == (False, len(asked))
    file.write_text("y\n" * len(asked))
    text = told("--goal", "80", "--answers", str(file))
    assert "At least 80 of 100 are right, 95 % sure (" in text
    assert " 1 wrong)" in text
    assert lines(told("--goal", "80", "--json"))[1]["done"] is True  # remembered


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("a.jpg,perhaps\n", "line 1 ends in 'perhaps', which is neither y nor n"),
        ("y\n\nwhatever.jpg\n", "line 3 ends in 'whatever.jpg', which is neither y nor n"),
        ("a.jpg,y\nb.jpg,y\na.jpg,n\n", "line 3 contradicts an earlier one about a.jpg. Keep one line for each photo"),
        (None, "The answers in {file} cannot be read: No such file or directory."),
    ],
)
def test_a_bad_file_of_answers_is_refused_and_nothing_is_stored(
    told: Told, tmp_path: Path, written: str | None, sentence: str
) -> None:
    file = tmp_path / "answers.csv"
    if written is not None:
        file.write_text(written)
    assert sentence.format(file=file) in told("--answers", str(file), code=1)
    assert lines(told("--json"))[1]["checked"] == 0


def test_answers_may_come_from_stdin(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\nno\ns\n"))
    _, summary = lines(told("--answers", "-", "--json", "--goal", "80"))
    assert (summary["checked"], summary["wrong"], summary["skipped"]) == (2, 1, 1)


def test_a_person_answers_photo_by_photo_and_goes_on_later(told: Told, typed: Callable[[str], None]) -> None:
    typed("y\nwhat\nY\nn\nq\n")
    assert "(3 of 30 checked, 1 wrong)" in told("--goal", "80")
    typed("y\n")  # the input ends
    assert "(4 of 30 checked, 1 wrong)" in told("--goal", "80")
    typed("y\ny\ny\n")
    assert "(6 of 30 checked, 1 wrong)" in told("--goal", "80", "-n", "2")


def test_whoever_skips_every_photo_is_not_asked_for_ever(told: Told, typed: Callable[[str], None]) -> None:
    typed("s\n" * 40)
    assert "(0 of 30 checked, 0 wrong, 29 skipped or gone)" in told("--goal", "99")


def test_ctrl_c_ends_the_wait_for_an_answer_and_keeps_those_before(
    told: Told, typed: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    typed("y\n^C\ny\n")
    assert "Stopped; nothing is half-done." in told(code=130)
    assert lines(told("--json"))[1]["checked"] == 1


def test_answers_without_a_path_end_where_the_goal_is_reached(told: Told, tmp_path: Path) -> None:
    (tmp_path / "answers").write_text("y\n" * 40)
    _, summary = lines(told("--goal", "80", "--answers", str(tmp_path / "answers"), "--json"))
    assert (summary["checked"], summary["done"], summary["unused_answers"]) == (11, True, 29)


def test_only_sure_suggestions_are_another_sample(told: Told) -> None:
    _, every = lines(told("--json"))
    _, sure = lines(told("--json", "--only-sure"))
    assert 0 < sure["photos"] < every["photos"]


def test_a_sort_says_how_many_suggestions_are_less_than_sure(
    told: Told, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (_, every), (_, sure) = lines(told("--json")), lines(told("--json", "--only-sure"))
    sort = ["sort", str(photos), "--to", str(tmp_path / "sorted"), "--dry-run"]
    sort += ["--collection", str(tmp_path / "collection")]
    assert main(sort) == 0
    assert f"{every['photos'] - sure['photos']} of them " in capsys.readouterr().out
    assert main([*sort, "--only-sure"]) == 0
    assert "of them " not in capsys.readouterr().out


def test_a_sort_states_what_a_check_proves_only_about_what_it_sorts(
    told: Told, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "answers").write_text("y\n" * 40)
    told("--goal", "80", "--answers", str(tmp_path / "answers"))
    sort = ["sort", str(photos), "--to", str(tmp_path / "sorted"), "--dry-run"]
    sort += ["--collection", str(tmp_path / "collection")]
    assert main([*sort, "--only-sure"]) == 0
    assert "Check of" not in capsys.readouterr().out
    assert main(sort) == 0
    assert "Check of a sample: At least " in capsys.readouterr().out


@pytest.mark.parametrize("goal", ["0", "100", "x"])
def test_a_goal_is_a_number_below_100(told: Told, goal: str) -> None:
    assert f"{goal!r} is not a whole number from 1 to 99" in told("--goal", goal, code=2)
