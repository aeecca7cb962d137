"""Long sequences in blocks: what is read is what was stored, in any order."""

from __future__ import annotations

import gc
import hashlib
import tracemalloc
from datetime import datetime
from pathlib import Path

import pytest

from flowersorter.jobs import CancelToken
from flowersorter.messages import Text, text, worded
from flowersorter.photos.xmp.keywords import entries_of
from flowersorter.sorting.keywords.planned_keywords import PlannedKeywords
from flowersorter.sorting.plan import Action, Filing, Mode, PlannedFile, PlannedFolder, Skipped, SortPlan
from flowersorter.sorting.runs.file_rows import paths_in
from flowersorter.sorting.runs.make_plan import make_plan
from flowersorter.sorting.runs.packed import BLOCK, Chosen, Joined, Mapped, Packed
from flowersorter.sorting.runs.packed_plan import packed_files, packed_skipped
from tests.unit.sorting.file_trees import filing, write


def numbers(count: int) -> Packed[int]:
    return Packed(lambda number: (number,), lambda row: int(row[0]), range(count), block=3)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7, 9])
def test_it_is_a_sequence(count: int) -> None:
    packed, plain = numbers(count), list(range(count))
    assert list(packed) == plain
    assert [packed[at] for at in range(-count, count)] == plain + plain
    assert packed[1:-1] == plain[1:-1]
    assert packed[::-2] == plain[::-2]
    assert (packed == plain, packed == tuple(plain), packed != [*plain, 0]) == (True, True, True)
    for outside in (count, -count - 1):
        with pytest.raises(IndexError):
            packed[outside]


@pytest.mark.parametrize("count", [0, 2, 3, 7])
def test_its_rows_are_those_of_its_records(count: int) -> None:
    packed = numbers(0)
    for number in range(count):
        packed.append_row((number,))
    assert packed == numbers(count)
    assert list(packed.rows()) == [(number,) for number in range(count)]
    assert [packed.row(at) for at in range(count)] == [(number,) for number in range(count)]


def test_several_in_a_row_are_one() -> None:
    joined = Joined(numbers(4), (), [7, 8])
    assert list(joined) == [0, 1, 2, 3, 7, 8]
    assert [joined[at] for at in (0, 3, 4, -1, -6)] == [0, 3, 7, 8, 0]
    assert joined[3:5] == [3, 7]
    assert joined == (0, 1, 2, 3, 7, 8)
    with pytest.raises(IndexError):
        joined[6]


def test_chosen_records_are_those_at_their_positions() -> None:
    chosen = Chosen(numbers(9), [8, 0, 4])
    assert list(chosen) == [8, 0, 4]
    assert (chosen[1], chosen[-1], chosen[1:], len(chosen), bool(Chosen([7], ()))) == (0, 4, [0, 4], 3, False)


def test_mapped_records_are_made_when_they_are_read() -> None:
    made: list[int] = []

    def double(number: int) -> int:
        made.append(number)
        return 2 * number

    mapped = Mapped(double, Chosen(numbers(9), [3, 1]))
    assert (len(mapped), made) == (2, [])
    assert (mapped[-1], made) == (2, [1])
    assert list(mapped) == [6, 2]


def planned(number: int, **more: object) -> PlannedFile:
    filing = Filing(
        f"/photos/caf\udce9/IMG_{number}.jpg",
        hashlib.sha256(b"%d" % number).digest(),
        number,
        -number,
        "Rose",
        ("2024",),
        datetime(2024, 5, 6, 7, 8, 9, 123),
        entries_of("Rose") if number % 2 else None,
    )
    return PlannedFile(filing, Path(f"/sorted/Rose/IMG_{number}.jpg"), Action.MOVE, **more)  # type: ignore[arg-type]


def test_a_planned_file_is_the_same_once_it_was_packed() -> None:
    sidecars = ((Path("/photos/a.xmp"), Path("/sorted/a.xmp")),)
    keywords = (
        PlannedKeywords(None, Path("/sorted/b.xmp"), entries_of("Rose"), 9),
        PlannedKeywords(Path("/photos/c.xmp"), Path("/sorted/c.xmp"), entries_of("Rose"), 9),
    )
    files = [planned(number, sidecars=sidecars, keywords=keywords) for number in range(BLOCK + 1)]
    assert list(packed_files(files)) == files
    assert packed_files(files)[0].action is Action.MOVE


def test_the_paths_of_a_planned_file_are_read_from_its_row() -> None:
    sidecars = ((Path("/photos/a.mov"), Path("/sorted/a.mov")),)
    keywords = (
        PlannedKeywords(None, Path("/sorted/b.xmp"), entries_of("Rose"), 9),
        PlannedKeywords(Path("/photos/c.xmp"), Path("/sorted/c.xmp"), entries_of("Rose"), 9),
    )
    packed = packed_files([planned(1), planned(2, sidecars=sidecars, keywords=keywords)])
    assert [list(paths_in(row)) for row in packed.rows()] == [
        ["/photos/caf\udce9/IMG_1.jpg"],
        ["/photos/caf\udce9/IMG_2.jpg", "/photos/a.mov", "/photos/c.xmp"],
    ]


def test_a_reason_can_still_be_worded_once_it_was_packed() -> None:
    reason = text("it is sorted into “{name}” there already", name="Rose")
    skipped = packed_skipped(Skipped(Path(f"/{number}"), reason) for number in range(BLOCK))
    assert skipped[1] == Skipped(Path("/1"), reason)
    assert isinstance(skipped[1].reason, Text)
    assert worded(skipped[1].reason) == reason


def test_a_long_plan_takes_little_memory() -> None:
    taken = []
    for _ in range(4):  # Python's table of names, which is counted too, grows in jumps
        gc.collect()
        tracemalloc.start()
        files = packed_files(planned(number) for number in range(10 * BLOCK))
        gc.collect()
        taken.append(tracemalloc.get_traced_memory()[0] / len(files))
        tracemalloc.stop()
        assert len(files) == 10 * BLOCK
    assert min(taken) < 150  # the objects took 1,500


def test_the_counts_of_a_plan_come_from_one_walk() -> None:
    walks = 0

    class Walked(list[PlannedFile]):
        def __iter__(self):  # type: ignore[no-untyped-def]
            nonlocal walks
            walks += 1
            return super().__iter__()

    there = planned(2)
    files = Walked([planned(1), PlannedFile(there.filing, Path("/sorted/Rose/old.jpg"), Action.ALREADY_THERE)])
    plan = SortPlan(Mode.MOVE, Path("/sorted"), files, (), 0, 0).counted()
    assert walks == 1
    assert plan.counts_by_class == {"Rose": 1}
    assert plan.counts_by_action == {Action.MOVE: 1, Action.ALREADY_THERE: 1}
    assert plan.counts_by_folder == {Path("Rose"): 1}
    assert plan.counts_there == {Path("Rose"): 1}
    assert (plan.renamed, plan.sidecars, plan.keywords) == (0, {}, ())
    assert plan.folders == {Path("Rose"): PlannedFolder("Rose", files[:1])}
    assert plan.staying_as(Action.ALREADY_THERE) == files[1:]
    assert plan.staying_as(Action.DUPLICATE) == ()
    assert plan.changes_disk
    assert walks == 1


def test_sequences_are_compared_with_sequences_only() -> None:
    assert numbers(2) != 2
    assert Joined(numbers(2)) != 2
    assert repr(numbers(2)) == "Packed(0, 1)"


def test_a_plan_takes_filings_from_an_iterator_where_the_classes_are_known(tmp_path: Path) -> None:
    photos = [write(tmp_path / "photos" / f"{number}.jpg", b"photo %d" % number) for number in range(3)]
    filings = (filing(path, "Rose") for path in photos)
    made = make_plan(filings, tmp_path / "sorted", Mode.COPY, CancelToken(), source_root=None, class_names={"Rose"})
    assert [each.filing.source for each in made.files] == photos
    assert {made.folder_of(each) for each in made.files} == {Path("Rose")}
