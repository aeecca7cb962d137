"""Stopping and crashing in the middle: nothing half-done, nothing lost, and the next run goes on."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.drawing import BLUE, GREEN, RED, YELLOW, four_corners, jpeg_bytes, textured, with_scans, write_jpeg
from tests.e2e.program import LIMIT_S, FileState, Program, Step, read_terminal, state_of, tree

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals as Unix has them")

PHOTOS = 12
CLASSES = ("odd", "even")


def draw_many(folder: Path, count: int) -> None:
    """Draw photos, none alike."""
    folder.mkdir()
    for number in range(count):
        picture = textured((240, 240), (RED, GREEN, BLUE, YELLOW)[number % 4], seed=number)
        write_jpeg(folder / f"IMG_{number}.jpg", picture)


def label_by_hand(program: Program, folder: Path) -> None:
    """Give every photo a class without the network: what is filed needs a label only."""
    from flowersorter.domain.label import LabelOrigin
    from flowersorter.library.collection import CollectionStore

    with CollectionStore.open(program.collection) as collection:
        classes = [collection.classes.add(name) for name in CLASSES]
        for number, place in enumerate(collection.photos.places_under(folder)):
            assert place.photo_id is not None
            collection.labels.assign([place.photo_id], classes[number % 2].id, LabelOrigin.PERSON)


def test_ctrl_c_while_labelling_keeps_what_was_read(fresh: Program, tmp_path: Path) -> None:
    import pty

    folder, count = tmp_path / "photos", 200  # more than the first batches of all cores together
    draw_many(folder, count)
    ours, theirs = pty.openpty()
    with fresh.start("predict", folder, "--json", stderr=theirs, TERM="xterm", COLUMNS="100") as process:
        os.close(theirs)
        read_terminal(ours, process, until=rf"[1-9]\d* of {count}")
        process.send_signal(signal.SIGINT)
        seen = read_terminal(ours, process)
        assert process.stdout is not None
        assert process.stdout.read() == b""
    assert process.returncode == 130
    assert "Stopped; nothing is half-done." in seen
    assert "Traceback" not in seen

    again = fresh.ok("predict", folder).out
    found = re.search(r"(\d+) read now", again)
    assert found is not None
    read_now = int(found[1])
    assert 0 < read_now < count
    assert f"{count - read_now} known before" in again
    assert "0 read now" in fresh.ok("predict", folder).out


def test_ctrl_c_while_a_photo_is_decoded_does_not_wait_for_it(fresh: Program, tmp_path: Path) -> None:
    """This one takes a good while; its thumbnail used to be stored before the program ended."""
    import pty

    from flowersorter.library.collection import CollectionStore

    folder, others = tmp_path / "photos", 16  # so many that it comes in a batch of its own on any number of cores
    draw_many(folder, others)
    slow = folder / "last.jpg"
    slow.write_bytes(with_scans(jpeg_bytes(four_corners((8000, 6000)), progressive=True), 400))
    ours, theirs = pty.openpty()
    with fresh.start("predict", folder, stderr=theirs, TERM="xterm", COLUMNS="100") as process:
        os.close(theirs)
        read_terminal(ours, process, until=f"{others} of {others + 1}")
        process.send_signal(signal.SIGINT)
        seen = read_terminal(ours, process)
    assert process.returncode == 130
    assert "Stopped; nothing is half-done." in seen
    with CollectionStore.open(fresh.collection) as collection:
        assert collection.thumbnails.get(hashlib.sha256(slow.read_bytes()).digest()) is None


#: The program, with Ctrl+C as soon as the library of OpenVINO or torch is loaded: the rest is being imported then.
STOPPED_WHILE_OPENING = """
import os, signal, sys
from flowersorter.__main__ import run
LIBRARIES = {"openvino.opset1": "openvino._pyopenvino", "torch.nn": "torch._C"}
class Watch:
    def find_spec(self, name, path, target=None):
        if LIBRARIES.get(name) in sys.modules:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Watch())
run()
"""


def test_ctrl_c_while_the_network_is_opened_ends_the_program_as_it_should(fresh: Program, tmp_path: Path) -> None:
    draw_many(tmp_path / "photos", 2)
    stopped = fresh.run_code(STOPPED_WHILE_OPENING, "predict", tmp_path / "photos")
    assert (stopped.code, stopped.err.splitlines()) == (130, ["Stopped; nothing is half-done."])


#: A script that ends while a network is being opened, which takes until its main thread is gone.
ENDS_WHILE_OPENING = """
import sys, threading
from flowersorter.__main__ import run
from flowersorter.workflows.predicting.network_loader import Opening
begun = threading.Event()
def opening(backbone, device):
    begun.set()
    if sys.argv[1] == "script":
        threading.main_thread().join()
    else:
        threading.Event().wait()
    print("opened", flush=True)
def main():
    Opening(opening, None, "cpu")
    begun.wait()
    print("stopped")
    return 130
if sys.argv[1] == "script":
    sys.exit(main())
import flowersorter.__main__
flowersorter.__main__.main = main
run()
"""


@pytest.mark.parametrize(("what", "out"), [("script", "stopped\nopened\n"), ("program", "stopped\n")])
def test_no_interpreter_is_taken_down_beside_a_network_being_opened(what: str, out: str) -> None:
    """A script waits until it is open; the program, which has put everything away by then, does not."""
    ended = subprocess.run(
        [sys.executable, "-c", ENDS_WHILE_OPENING, what], capture_output=True, timeout=LIMIT_S, check=False
    )
    assert (ended.returncode, ended.stdout.decode(), ended.stderr.decode()) == (130, out, "")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, Path]:
    """A folder labelled once; each test files it somewhere else and leaves it as it was."""
    base = tmp_path_factory.mktemp("stop")
    program, folder = Program(base / "collection", base), base / "photos"
    draw_many(folder, PHOTOS)
    program.ok("predict", folder)
    label_by_hand(program, folder)
    return program, folder


@pytest.mark.parametrize(
    ("mode", "name", "number", "code"),
    [("--copy", "rename_new", signal.SIGINT, 130), ("--move", "link_new", signal.SIGTERM, 143)],
)
def test_the_photo_in_hand_is_finished_and_the_rest_stays(
    prepared: tuple[Program, Path], tmp_path: Path, mode: str, name: str, number: int, code: int
) -> None:
    program, folder = prepared
    before, dest = tree(folder), tmp_path / "sorted"
    step = Step(name, 3, "before", number)
    stopped = program.run_with_signal(step, "sort", folder, "--to", dest, mode, "--json")
    assert stopped.code == code
    assert stopped.out == ""
    assert stopped.err.splitlines()[-1] == "Stopped; nothing is half-done."
    filed = assert_whole_photos_only(dest, before)
    assert len(filed) == 3
    assert "3 photo" in stopped.err
    assert_nothing_lost(folder, filed, before, moved=mode == "--move")
    run = program.ok("history", "--json").objects[0]
    assert (run["photos"], run["state"]) == (len(filed), "cancelled")
    program.ok("undo", str(run["sort"]))
    assert not dest.exists()
    assert tree(folder) == before


@pytest.mark.parametrize(
    ("mode", "name", "when"),
    [
        ("--copy", "copy", "after"),
        ("--copy", "rename_new", "before"),
        ("--move", "link_new", "after"),
        ("--move", "unlink", "before"),
    ],
)
def test_a_killed_run_is_put_right_and_goes_on(
    prepared: tuple[Program, Path], tmp_path: Path, mode: str, name: str, when: str
) -> None:
    program, folder = prepared
    before, dest = tree(folder), tmp_path / "sorted"
    step = Step(name, 3, when, signal.SIGKILL)
    assert program.run_with_signal(step, "sort", folder, "--to", dest, mode).code == -signal.SIGKILL
    recovered = program.ok("recover")
    assert "An earlier sort was interrupted" in recovered.out
    assert recovered.err == ""
    filed = assert_whole_photos_only(dest, before)
    assert 1 < len(filed) < PHOTOS
    assert_nothing_lost(folder, filed, before, moved=mode == "--move")
    assert program.ok("recover").out == "Nothing was left half-done.\n"

    done = program.ok("sort", folder, "--to", dest, mode, "--json")
    assert done.summary["sorted"] == PHOTOS - len(filed)
    assert len(assert_whole_photos_only(dest, before)) == PHOTOS
    for entry in program.ok("history", "--json").objects[:-1]:
        if entry["destination"] == str(dest):
            program.ok("undo", str(entry["sort"]))
    assert tree(folder) == before
    assert not dest.exists()


def test_what_a_crash_left_is_put_right_by_the_next_verb(prepared: tuple[Program, Path], tmp_path: Path) -> None:
    program, folder = prepared
    before, dest = tree(folder), tmp_path / "sorted"
    program.run_with_signal(Step("copy", 4, "after", signal.SIGKILL), "sort", folder, "--to", dest)
    history = program.ok("history", "--json")
    assert "An earlier sort was interrupted" in history.err
    assert history.objects[0]["photos"] == len(assert_whole_photos_only(dest, before))
    assert program.ok("history").err == ""
    program.ok("undo")
    assert tree(folder) == before


def test_an_undo_can_be_stopped_and_goes_on(prepared: tuple[Program, Path], tmp_path: Path) -> None:
    program, folder = prepared
    before, dest = tree(folder), tmp_path / "sorted"
    run = str(program.ok("sort", folder, "--to", dest, "--move", "--json").summary["sort"])
    stopped = program.run_with_signal(Step("unlink", 5, "before", signal.SIGINT), "undo", run)
    assert stopped.code == 130
    assert program.ok("history", "--json").objects[0]["state"] == "partly undone"
    assert_nothing_lost(folder, assert_whole_photos_only(dest, before), before, moved=True)
    program.ok("undo", run)
    assert tree(folder) == before


def assert_nothing_lost(
    folder: Path, filed: dict[str, FileState | None], before: dict[str, FileState | None], *, moved: bool
) -> None:
    """Fail unless the folder is as it was, less what was moved out of it."""
    assert tree(folder) == {name: state for name, state in before.items() if not (moved and name in filed)}


def assert_whole_photos_only(dest: Path, before: dict[str, FileState | None]) -> dict[str, FileState | None]:
    """Fail if anything under a destination is not one whole photo in a class folder; the photos by name."""
    found: dict[str, FileState | None] = {}
    for path in dest.rglob("*"):
        if path.is_file():
            assert path.parent.parent == dest
            assert path.parent.name in CLASSES
            found[path.name] = state_of(path)
            assert found[path.name] == before[path.name], path
    return found
