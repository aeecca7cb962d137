"""The command line without its process: exit codes, signals, and how things are written."""

from __future__ import annotations

import importlib
import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from flowersorter import cli
from flowersorter.cli import main
from flowersorter.commands.evaluate import evaluation_summary
from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.json_lines import photo_line
from flowersorter.commands.shared.output import Terminal, columns, counted_files, shown, size
from flowersorter.commands.shared.parser import make_parser, parse
from flowersorter.commands.verbs import FORMER_NAMES, VERBS
from flowersorter.domain.figures import percent_to_tenths
from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import Cancelled, UserError
from flowersorter.jobs import CancelToken, Progress
from flowersorter.library.collection import CollectionStore
from flowersorter.photos.file_bytes import FileHash, hash_file
from flowersorter.vision.backbone.packages import has_openvino
from flowersorter.vision.classifier.metrics import calibration_bins, confusion_matrix, precision, recall
from flowersorter.workflows.evaluation.evaluate import Evaluation
from flowersorter.workflows.maintenance.cache import cache_state, set_cache_limit
from flowersorter.workflows.maintenance.doctor import doctor
from tests.drawing import write_jpeg
from tests.unit.commands.conftest import Try

Verb = Callable[[Call], int]


@pytest.fixture
def as_verb(monkeypatch: pytest.MonkeyPatch) -> Callable[[Verb], None]:
    """Puts a function in the place of every verb."""

    def put(run: Verb) -> None:
        monkeypatch.setattr(cli, "_verb", lambda name: run)

    return put


def raising(error: BaseException) -> Verb:
    def run(call: Call) -> int:
        raise error

    return run


class TestExitCodes:
    def test_the_verb_decides_when_nothing_goes_wrong(self, as_verb: Callable[[Verb], None]) -> None:
        as_verb(lambda call: 0)
        assert main(["history"]) == 0
        as_verb(lambda call: 1)
        assert main(["history"]) == 1

    @pytest.mark.parametrize(
        ("error", "sentence"),
        [
            (UserError("The photo is gone", "the drive is not there", "Plug it in"), "The photo is gone: the drive"),
            (OSError(28, "No space left on device", "/somewhere"), "/somewhere: No space left on device."),
        ],
    )
    def test_an_error_is_a_sentence_and_1(
        self,
        as_verb: Callable[[Verb], None],
        capsys: pytest.CaptureFixture[str],
        error: Exception,
        sentence: str,
    ) -> None:
        as_verb(raising(error))
        assert main(["history", "--json"]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert sentence in err
        assert err.count("\n") == 1

    @pytest.mark.parametrize("verb", ["predict", "sort", "train", "evaluate", "next", "check", "groups"])
    def test_a_wrong_folder_is_named(self, verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        missing, file = tmp_path / "missing", tmp_path / "file"
        file.write_text("no folder")
        more = [
            "--collection",
            str(tmp_path / "collection"),
            *(["--to", str(tmp_path / "to")] if verb == "sort" else []),
        ]
        assert main([verb, str(missing), *more]) == 1
        assert capsys.readouterr().err == f"Folder not found: {missing}. Check the path.\n"
        if verb != "predict":  # to which a file is a photo
            assert main([verb, str(file), *more]) == 1
            assert capsys.readouterr().err == f"{file} is not a folder. Name the folder that holds the photos.\n"
        assert main([verb, str(tmp_path), *more, "--collection", str(file)]) == 1
        assert capsys.readouterr().err == f"The collection {file} cannot be opened: it is a file, not a folder.\n"

    def test_a_defect_of_the_program_is_not_hidden(self, as_verb: Callable[[Verb], None]) -> None:
        as_verb(raising(ZeroDivisionError()))
        with pytest.raises(ZeroDivisionError):
            main(["history"])

    def test_cancelled_is_130(self, as_verb: Callable[[Verb], None], capsys: pytest.CaptureFixture[str]) -> None:
        as_verb(raising(Cancelled()))
        assert main(["history"]) == 130
        assert capsys.readouterr().err == "Stopped; nothing is half-done.\n"

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            ([], 2),
            (["nonsense"], 2),
            (["--help"], 0),
            (["predict", "x", "--backbone", "vgg"], 2),
            (["predict", "x", "--csv", "--json"], 2),
            (["predict", "x", "--csv", "--csv-semicolon"], 2),
        ],
    )
    def test_usage(self, arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(arguments) == code


@pytest.mark.skipif(sys.platform == "win32", reason="no file has such a name there")
def test_wildcards_are_expanded_where_the_shell_does_not(
    as_verb: Callable[[Verb], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("b.jpg", "a.jpg", "a.png", "[1] c.jpg"):
        (tmp_path / name).touch()
    given: list[Path] = []

    def take(call: Call) -> int:
        given[:] = call.options.paths
        return 0

    as_verb(take)
    monkeypatch.chdir(tmp_path)
    for words in (["*.jpg", "none*.jpg"], ["[1]*"]):
        assert main(["predict", *words]) == 0
        assert given == [Path(word) for word in words]
    monkeypatch.setattr(cli, "_SHELL_LEAVES_WILDCARDS", True)
    assert main(["predict", "?.jpg", "a.png", "none*.jpg"]) == 0
    assert given == [Path("a.jpg"), Path("b.jpg"), Path("a.png"), Path("none*.jpg")]
    assert main(["predict", "[1]*"]) == 0
    assert given == [Path("[1] c.jpg")]


class TestOutputThatCannotBeWritten:
    """The job is done, and how it ended is said on stderr."""

    @pytest.mark.skipif(sys.platform != "linux", reason="its device")
    @pytest.mark.parametrize("as_json", [True, False])
    def test_a_full_disk_below_stdout(self, as_json: bool) -> None:
        with Path("/dev/full").open("w", encoding="utf-8") as out:
            err = io.StringIO()
            terminal = Terminal(out, err, as_json=as_json)
            terminal.record({"path": "a.jpg"})
            terminal.say("a.jpg: rose")
            terminal.record({"summary": {"sorted": 1}})
            terminal.say("1 photo moved. To undo that: flowersorter undo 1")
            assert not terminal.close()
        ending = '{"summary": {"sorted": 1}}' if as_json else "1 photo moved. To undo that: flowersorter undo 1"
        assert err.getvalue().splitlines() == [
            "The output could not be written to stdout: no space left on device. It ends with:",
            ending,
        ]

    def test_stdout_that_is_closed(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setattr("sys.stdout", None)
        assert main(["history"]) == 1
        assert capsys.readouterr().err.splitlines() == [
            "The output could not be written to stdout: it is closed. It ends with:",
            "No photos were sorted yet.",
        ]

    def test_a_table_for_another_program_has_no_end_to_say(
        self, attempt: Try, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_jpeg(tmp_path / "a.jpg")
        monkeypatch.setattr("sys.stdout", None)
        said = attempt("predict", tmp_path / "a.jpg", "--csv")
        assert (said.code, said.err) == (1, "The output could not be written to stdout: it is closed.\n")

    def test_stderr_that_is_closed(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setattr("sys.stderr", None)
        assert main(["history"]) == 0
        assert main(["nonsense"]) == 2
        assert capsys.readouterr().out == "No photos were sorted yet.\n"


class TestCollection:
    def test_a_reason_is_said_once(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The backup at opening, and what was to be saved, fail on the same full disk."""

        def full(*_: object, **__: object) -> None:
            raise UserError("The library could not be backed up", "the disk is full", "Free some space and try again")

        def refused(*_: object, **__: object) -> None:
            raise UserError("The library could not be saved", "the disk is full", "Free some space and try again")

        monkeypatch.setattr("flowersorter.library.collection.back_up_if_changed", full)
        monkeypatch.setattr("flowersorter.commands.history.runs", refused)
        assert main(["--collection", str(tmp_path), "history"]) == 1
        assert capsys.readouterr().err == (
            "The library could not be saved: the disk is full. Free some space and try again.\n"
        )

    def test_a_collection_deleted_during_a_run_is_said_in_a_sentence(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        collection, photo = tmp_path / "collection", write_jpeg(tmp_path / "a.jpg")

        def read(path: Path, cancel: CancelToken) -> FileHash:
            shutil.rmtree(collection)
            return hash_file(path, cancel)

        monkeypatch.setattr("flowersorter.workflows.labelling.label_photo.hash_file", read)
        assert main(["--collection", str(collection), "label", str(photo), "--as", "rose"]) == 1
        said = capsys.readouterr().err.splitlines()
        assert len(said) == 1
        assert said[0].startswith(f"The library {collection / 'library.sqlite'} is not there any more: its folder was")

    def test_a_backup_that_could_not_be_made_is_noted(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object, **__: object) -> None:
            raise UserError("The library could not be backed up", "No space left on device", "Check the disk")

        assert main(["--collection", str(tmp_path), "history", "--json"]) == 0
        assert capsys.readouterr().err == ""
        monkeypatch.setattr("flowersorter.library.collection.back_up_if_changed", full)
        assert main(["--collection", str(tmp_path), "history", "--json"]) == 0
        said = capsys.readouterr()
        assert said.err == "The library could not be backed up: No space left on device. Check the disk.\n"
        assert json.loads(said.out) == {"summary": {"sorts": 0, "photos": 0}}
        checks = {check.name: check for check in doctor(tmp_path)}
        assert not checks["Backup"].ok
        assert checks["Models"].detail == "0; the starter is in use"
        assert checks["Cache"].detail.startswith("0 thumbnails for 0 photos, 0 MB of at most 4000 MB")

    def test_doctor_in_full_names_the_engine_that_computes_suggestions(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("flowersorter.vision.backbone.device.choose_device", lambda _wanted: "cpu")
        details = {check.name: check.detail for check in doctor(tmp_path, full=True)}
        engine = "OpenVINO" if has_openvino() else "PyTorch"
        assert details["Device"].startswith(f"cpu, {engine} computing in ")

    def test_doctor_says_that_the_drive_of_the_collection_is_not_connected(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As on Windows, where not even the root of such a drive exists."""
        exists, away = Path.exists, {tmp_path, *tmp_path.parents}
        monkeypatch.setattr(Path, "exists", lambda path: path not in away and exists(path))
        checks = {check.name: check for check in doctor(tmp_path)}
        assert not checks["Free space"].ok
        assert checks["Free space"].detail == f"{tmp_path} is on a drive that is not connected"

    def test_the_cache_is_cleaned_where_pictures_were_made(
        self, tmp_path: Path, as_verb: Callable[[Verb], None], capsys: pytest.CaptureFixture[str]
    ) -> None:
        def put(count: int) -> Verb:
            def run(call: Call) -> int:
                with call.engine() as engine:
                    set_cache_limit(engine.collection, 1)
                    for number in range(count):
                        picture = b"\xff\xd8" + b"x" * 200_000 + b"\xff\xd9"
                        engine.collection.thumbnails.put(bytes([number]) * 32, picture)
                return 0

            return run

        def kept() -> int:
            with CollectionStore.open(tmp_path) as collection:
                return cache_state(collection).pictures

        as_verb(put(10))
        assert main(["--collection", str(tmp_path), "history"]) == 0
        assert kept() == 4
        as_verb(put(0))
        assert main(["--collection", str(tmp_path), "history"]) == 0
        assert kept() == 4
        assert capsys.readouterr().err == ""

    def test_a_cleaning_that_is_stopped_leaves_what_was_done_done(
        self, tmp_path: Path, as_verb: Callable[[Verb], None]
    ) -> None:
        def run(call: Call) -> int:
            with call.engine() as engine:
                engine.collection.thumbnails.put(bytes(32), b"\xff\xd8\xff\xd9")
                call.cancel.cancel()
            return 0

        as_verb(run)
        assert main(["--collection", str(tmp_path), "history"]) == 0


class TestSignals:
    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_the_first_signal_asks_the_job_to_stop(
        self, as_verb: Callable[[Verb], None], number: signal.Signals, code: int
    ) -> None:
        before = signal.getsignal(number)

        def run(call: Call) -> int:
            signal.raise_signal(number)
            call.cancel.check()
            pytest.fail("it went on")

        as_verb(run)
        assert main(["history"]) == code
        assert signal.getsignal(number) is before

    @pytest.mark.parametrize(
        ("verb", "sentence"),
        [
            ("verify", "Stopped at once; no photo was changed."),
            ("undo", "Stopped at once; the interrupted photo is finished or put back the next time"),
        ],
    )
    def test_the_second_one_stops_at_once(
        self, as_verb: Callable[[Verb], None], capsys: pytest.CaptureFixture[str], verb: str, sentence: str
    ) -> None:
        def run(call: Call) -> int:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            pytest.fail("it went on")

        as_verb(run)
        assert main([verb]) == 130
        assert sentence in capsys.readouterr().err

    def test_a_job_that_is_done_all_the_same_is_done(self, as_verb: Callable[[Verb], None]) -> None:
        def run(call: Call) -> int:
            signal.raise_signal(signal.SIGINT)
            return 0

        as_verb(run)
        assert main(["history"]) == 0


class TestArguments:
    def test_the_verbs_are_those_of_the_parser(self) -> None:
        told = make_parser().format_help()
        assert all(f"\n    {verb.name} " in told for verb in VERBS)

    @pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
    def test_every_verb_has_help(self, verb: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([verb, "--help"]) == 0
        told = capsys.readouterr().out
        assert f"usage: flowersorter {verb}" in told
        assert "--collection" in told

    def test_every_verb_has_its_module(self) -> None:
        for verb in VERBS:
            assert callable(importlib.import_module(verb.module).run)
            assert callable(cli._verb(verb.name))
        assert set(FORMER_NAMES.values()) <= {verb.name for verb in VERBS}

    @pytest.mark.parametrize("arguments", [["--collection", "g", "train", "f"], ["train", "f", "--collection", "g"]])
    def test_common_options_stand_anywhere(self, arguments: list[str]) -> None:
        options = parse(arguments)
        assert (options.verb, options.folder, options.collection) == ("train", Path("f"), Path("g"))
        assert (options.device, options.backbone) == ("auto", None)

    def test_the_last_one_wins(self) -> None:
        assert parse(["--device", "cuda", "predict", "f", "--device", "cpu"]).device == "cpu"

    def test_copy_is_the_default(self) -> None:
        assert parse(["sort", "f", "--to", "d"]).mode == "copy"
        assert parse(["sort", "f", "--to", "d", "--move"]).mode == "move"
        assert parse(["sort", "f", "--to", "d", "--link"]).mode == "link"

    def test_the_collection_comes_from_the_option_else_the_environment(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("FLOWERSORTER_COLLECTION", str(tmp_path / "from environment"))
        monkeypatch.chdir(tmp_path)
        terminal = Terminal(io.StringIO(), io.StringIO())
        for arguments, folder in (([], "from environment"), (["--collection", "named"], "named")):
            options = parse([*arguments, "history"])
            assert Call(options, terminal, CancelToken()).collection_folder == tmp_path / folder


class TestTerminal:
    def test_json_and_text_never_mix(self) -> None:
        for as_json, expected in ((True, '{"a": 1}\n'), (False, "text\n")):
            out, err = io.StringIO(), io.StringIO()
            terminal = Terminal(out, err, as_json=as_json)
            terminal.say("text")
            terminal.record({"a": 1})
            terminal.note("note")
            assert (out.getvalue(), err.getvalue()) == (expected, "note\n")

    def test_no_command_of_a_terminal_reaches_it(self) -> None:
        """Whatever the text comes from: a file name can hold such commands."""

        class Screen(io.StringIO):
            def isatty(self) -> bool:
                return True

        name = "\x1b]0;title\x07\x9b2J\n.jpg"
        out, err = io.StringIO(), Screen()
        terminal = Terminal(out, err)
        terminal.say(name)
        terminal.say_table([[name, "1"]])
        terminal.note(name)
        with terminal.progress(tell=str) as report:
            report(name)
            report(Progress(name, 1, 2))
        with Terminal(out, out).progress(tell=str) as report:
            report(name)
        shown_name = r"\x1b]0;title\x07\x9b2J\n.jpg"
        assert out.getvalue().splitlines() == [shown_name, f"{shown_name}  1", shown_name]
        assert err.getvalue().count(shown_name) >= 3
        assert "\x1b]0;" not in err.getvalue()

    def test_nor_in_a_complaint_about_the_command_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["import", "--\x1b[2J"]) == 2
        assert main(["import", "\x1b[2J.safetensors"]) == 1
        assert main(["backbones", "--from", "\x1b[2J.pth"]) == 1
        assert "\x1b" not in capsys.readouterr().err

    def test_a_name_that_is_no_text_survives_json(self) -> None:
        name = b"/caf\xe9/\x01\n.jpg"
        out = io.StringIO()
        label = ("花", LabelOrigin.PERSON)
        line = photo_line(
            Path(os.fsdecode(name)), "花", 0.5, Verdict.UNKNOWN, [("花", 0.5)], "tabby cat", label=label, model=3
        )
        Terminal(out, io.StringIO(), as_json=True).record(line)
        assert out.getvalue().isascii()
        read = json.loads(out.getvalue())
        assert os.fsencode(read["path"]) == name
        assert read == {
            "path": os.fsdecode(name),
            "class": "花",
            "confidence": 0.5,
            "verdict": "unknown",
            "top": [["花", 0.5]],
            "label": "花",
            "by": "person",
            "model": 3,
            "looks_like": "tabby cat",
        }

    def test_nan_is_a_defect_not_a_line(self) -> None:
        with pytest.raises(ValueError, match="JSON"):
            Terminal(io.StringIO(), io.StringIO(), as_json=True).record({"a": float("nan")})

    def test_text_the_terminal_cannot_show_is_escaped(self) -> None:
        raw = io.BytesIO()
        out = io.TextIOWrapper(raw, encoding="ascii")
        Terminal(out, io.StringIO()).say("花 \udce9")
        out.flush()
        assert raw.getvalue() == b"\\u82b1 \\udce9\n"

    def test_a_reader_that_left_stops_nothing(self) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        out = os.fdopen(writing, "w")
        terminal = Terminal(out, io.StringIO())
        terminal.say("one")
        terminal.flush()
        terminal.say("two")
        terminal.flush()
        out.close()

    def test_no_bars_where_nobody_watches(self) -> None:
        err = io.StringIO()
        with Terminal(io.StringIO(), err).progress() as report:
            report(Progress("Reading", 1, 2))
        assert err.getvalue() == ""

    def test_bars_on_a_terminal(self) -> None:
        class Screen(io.StringIO):
            def isatty(self) -> bool:
                return True

        err = Screen()
        with Terminal(io.StringIO(), err).progress() as report:
            report("news of another kind")
            report(Progress("Reading [photos]", 1, 2))
            report(Progress("Thinking", 0))
        assert "Thinking" in err.getvalue()
        with Terminal(io.StringIO(), err).progress(in_bytes=True) as report:
            report(Progress("Downloading", 1_000_000, 46_830_571))
        assert "1.0 MB of 46.8 MB" in err.getvalue()


class TestWording:
    def test_columns_are_aligned_also_with_wide_signs(self) -> None:
        assert columns([["花", "1"], ["rose", "10"]], right=(1,)) == ["花     1", "rose  10"]

    def test_control_characters_cannot_play_with_the_terminal(self) -> None:
        assert shown("a\x1b[31m\n\udce9 ü花") == "a\\x1b[31m\\n\\udce9 ü花"

    def test_figures(self) -> None:
        assert [percent_to_tenths(x) for x in (0.918, None, float("nan"))] == ["91.8 %", "–", "–"]
        assert [counted_files(n, 0) for n in (0, 1, 2)] == ["0 photos", "1 photo", "2 photos"]
        assert [size(n) for n in (12, 51_458_208, 3 * 10**13)] == ["12 bytes", "51.5 MB", "30.0 TB"]


def test_an_evaluation_has_null_where_there_is_no_figure() -> None:
    true, predicted = np.array([0, 0]), np.array([0, 0])
    confidences = np.array([0.9, 0.8], np.float32)
    confusion = confusion_matrix(true, predicted, 2)
    summary = evaluation_summary(
        Evaluation(
            accuracy=1.0,
            interval=(0.34, 1.0),
            class_ids=(1, 2),
            class_names=("a", "b"),
            confusion=confusion,
            recall=recall(confusion),
            precision=precision(confusion),
            calibration_error=0.15,
            bins=calibration_bins(confidences, true == predicted),
            photo_ids=np.array([1, 2]),
            place_ids=np.array([1, 2]),
            true=true,
            predicted=predicted,
            confidences=confidences,
            seen=0,
            how="2 photos",
        )
    )
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert summary["per_class"]["a"] == {"recall": 1.0, "precision": 1.0, "photos": 2}
    assert summary["per_class"]["b"] == {"recall": None, "precision": None, "photos": 0}
    assert summary["confusion"] == [[2, 0], [0, 0]]


@pytest.mark.parametrize(("answer", "expected"), [("y\n", True), ("Yes\n", True), ("\n", False), ("", False)])
def test_a_question_is_asked_only_at_a_terminal(monkeypatch: pytest.MonkeyPatch, answer: str, expected: bool) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Screen(answer))
    err = Screen()
    assert Terminal(io.StringIO(), err).ask("Undo these too?") is expected
    assert err.getvalue() == "Undo these too? [y/N] "
    assert not Terminal(io.StringIO(), err, as_json=True).ask("?")
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    assert not Terminal(io.StringIO(), err).ask("?")
