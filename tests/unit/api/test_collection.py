"""The collection of a script, with a network that sees colours: every method, and what it raises."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from flowersorter import Collection, Photo, Prediction, Progress
from flowersorter.errors import (
    ClassRefused,
    CollectionLocked,
    FolderUnusable,
    ModelFileBad,
    PhotoUnreadable,
    SortRefused,
    TooFewPhotos,
    UndoRefused,
    UserError,
)
from tests.stub_network import open_colour_network
from tests.unit.workflows.conftest import draw_photos

COLOURS = ("red", "green", "blue")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for colour in ("red", "green", "blue"):
        draw_photos(folder, colour, 5)
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


def teach(collection: Collection, photos: Path) -> None:
    """Label four photos of each colour, and retrain."""
    for colour in ("red", "green", "blue"):
        for number in range(4):
            collection.label(photos / f"{colour}_{number}.jpg", colour)
    collection.retrain()


def named(found: list[Photo], name: str) -> Photo:
    [photo] = [photo for photo in found if photo.path.name == name]
    return photo


def test_a_folder_is_predicted_in_natural_order_and_nothing_in_it_changes(collection: Collection, photos: Path) -> None:
    before = {path: path.read_bytes() for path in photos.iterdir()}
    found = collection.predict(str(photos))
    assert [photo.path.name for photo in found][:3] == ["blue_0.jpg", "blue_1.jpg", "blue_2.jpg"]
    assert len(found) == 16
    assert {path: path.read_bytes() for path in photos.iterdir()} == before
    broken = named(found, "broken.jpg")
    assert broken.error
    assert (broken.prediction, broken.label, broken.class_name) == (None, None, None)
    suggestion = named(found, "red_0.jpg").prediction
    assert suggestion is not None
    assert suggestion.verdict in ("sure", "likely", "unsure", "unknown")
    assert suggestion.top[0] == (suggestion.class_name, suggestion.confidence)
    assert sum(share for _, share in suggestion.top) == pytest.approx(1, abs=1e-3)


def test_it_learns_from_labels(collection: Collection, photos: Path) -> None:
    collection.predict(photos)
    teach(collection, photos)
    found = collection.predict(photos)
    for colour in ("red", "green", "blue"):
        confirmed, other = named(found, f"{colour}_0.jpg"), named(found, f"{colour}_4.jpg")
        assert (confirmed.label, confirmed.class_name) == (colour, colour)
        assert (other.label, other.class_name) == (None, colour)
    assert {"red", "green", "blue"} <= set(collection.classes)
    newest, starter = collection.models[0], collection.models[-1]
    assert (newest.number, newest.current, newest.photos) == (1, True, 12 + 5 * 60), "beside 60 of each starter class"
    assert (starter.number, starter.current) == (None, False)
    collection.use_model(None)
    assert [model.current for model in collection.models] == [False, True]
    with pytest.raises(ModelFileBad):
        collection.use_model(7)


def test_retraining_tells_what_it_brought(collection: Collection, photos: Path) -> None:
    with pytest.raises(TooFewPhotos):
        collection.retrain()
    teach(collection, photos)
    brought = collection.retrain("twice")
    assert (brought.model, brought.photos, brought.made_current) == (2, 12, True)
    assert brought.accuracy is not None
    assert collection.models[0].note == "twice"


def test_a_label_can_be_removed(collection: Collection, photos: Path) -> None:
    collection.label(photos / "red_0.jpg", "red")
    assert collection.remove_label(photos / "red_0.jpg")
    assert named(collection.predict(photos), "red_0.jpg").label is None
    assert not collection.remove_label(photos / "red_0.jpg")


def test_a_data_set_is_trained_on_and_evaluated(collection: Collection, tmp_path: Path) -> None:
    for colour in ("red", "green"):
        draw_photos(tmp_path / "set" / "train" / colour, colour, 4)
        draw_photos(tmp_path / "set" / "val" / colour, colour, 2, first=50)
    (tmp_path / "set" / "train" / "blue").mkdir()
    (tmp_path / "set" / "train" / "blue" / "broken.jpg").write_bytes(b"no picture")
    brought = collection.train(tmp_path / "set")
    assert (set(brought.classes), brought.photos, brought.empty_classes) == ({"red", "green"}, 8, ("blue",))
    assert (brought.validated, brought.validated_right) == (4, 4)


def test_a_photo_that_is_new_to_the_collection_can_be_labelled(collection: Collection, photos: Path) -> None:
    assert collection.label(photos / "red_0.jpg", "red") == "red"
    assert named(collection.predict(photos), "red_0.jpg").label == "red"


def test_a_suggestion_is_confirmed_without_a_name_and_a_name_in_another_spelling_means_the_class(
    collection: Collection, photos: Path
) -> None:
    teach(collection, photos)
    assert collection.label(photos / "red_4.jpg") == "red"
    assert collection.label(photos / "blue_4.jpg", "BLUE") == "blue"


def test_the_suggestion_of_an_unknown_photo_is_not_confirmed(
    collection: Collection, photos: Path, tmp_path: Path
) -> None:
    teach(collection, photos)
    folder = tmp_path / "strange"
    unknown = draw_photos(folder, "yellow", 6)
    verdicts = {photo.path: photo.prediction.verdict for photo in collection.predict(folder) if photo.prediction}
    assert verdicts[unknown[0]] == "unknown"
    with pytest.raises(ClassRefused, match=r"looks like none of the classes\. Name its class"):
        collection.label(unknown[0])
    assert named(collection.predict(folder), "yellow_0.jpg").label is None
    assert collection.label(unknown[0], "yellow") == "yellow"


def test_a_folder_cannot_be_labelled_and_the_error_names_predict(collection: Collection, photos: Path) -> None:
    for class_name in ("red", None):
        with pytest.raises(PhotoUnreadable) as error:
            collection.label(photos, class_name)
        assert str(error.value) == (
            f"{photos} is a folder: label sets the class of one photo. Call it for each photo; to get suggestions for "
            "a folder, call predict."
        )
    assert "red" not in collection.classes


def test_what_is_no_path_is_refused_with_a_sentence(collection: Collection, photos: Path) -> None:
    for wrong in ([photos / "red_0.jpg"], 7, None):
        with pytest.raises(UserError, match=r" is not a path\. Give one path, as a string or a pathlib\.Path"):
            collection.label(wrong, "red")  # type: ignore[arg-type]


def test_it_says_where_it_is_and_whether_it_is_closed(collection: Collection) -> None:
    assert repr(collection).startswith("<Collection '")
    collection.close()
    assert repr(collection).endswith(", closed>")


def test_what_cannot_be_labelled_says_why(collection: Collection, photos: Path) -> None:
    for name, class_name in (("broken.jpg", None), ("nothing.jpg", "red")):
        with pytest.raises(PhotoUnreadable, match=name):
            collection.label(photos / name, class_name)
    with pytest.raises(ClassRefused):
        collection.label(photos / "red_0.jpg", "  ")
    assert "red" not in collection.classes


def test_a_broken_photo_is_given_a_class_by_hand(collection: Collection, photos: Path, tmp_path: Path) -> None:
    assert collection.label(photos / "broken.jpg", "red") == "red"

    broken = named(collection.predict(photos), "broken.jpg")
    report = collection.sort(photos, tmp_path / "sorted", dry_run=False)

    assert (broken.label, broken.class_name, broken.error) == ("red", "red", "it is not an image")
    assert (tmp_path / "sorted" / "red" / "broken.jpg").exists()
    assert [filed.action for filed in report.photos if filed.path.name == "broken.jpg"] == ["copy"]


def test_a_single_photo_is_predicted_and_not_remembered(collection: Collection, photos: Path) -> None:
    teach(collection, photos)
    suggestion = collection.predict_image(photos / "green_4.jpg")
    assert suggestion.class_name == "green"
    verdict = "not sure" if suggestion.verdict == "unsure" else suggestion.verdict
    assert str(suggestion) == f"green ({100 * suggestion.confidence:.0f} %, {verdict})"
    with pytest.raises(PhotoUnreadable, match=r"broken\.jpg"):
        collection.predict_image(photos / "broken.jpg")


def test_filing_is_shown_first_done_when_told_to_and_taken_back(
    collection: Collection, photos: Path, tmp_path: Path
) -> None:
    teach(collection, photos)
    to = tmp_path / "sorted"
    (photos / "red_0.mov").write_bytes(b"film")
    (photos / "classes.txt").write_text("red\n")
    plan = collection.sort(photos, to, include="labelled")
    assert (plan.dry_run, plan.sort, plan.sorted) == (True, None, 12)
    assert (plan.sidecars, plan.staying) == ({".mov": 1}, {".txt": 1})
    assert not to.exists()
    done = collection.sort(photos, to, include="labelled", dry_run=False)
    assert (done.dry_run, done.sorted, done.failed) == (False, 12, ())
    assert done.sort is not None
    for photo in done.photos:
        if photo.action == "copy":
            assert photo.to is not None
            assert photo.to.parent == to / str(photo.class_name)
            assert photo.to.read_bytes() == photo.path.read_bytes()
        else:
            assert (photo.action, photo.to, photo.class_name) == ("left", None, None)
            assert photo.reason
    again = collection.sort(photos, to, include="labelled", dry_run=False)
    assert (again.sort, again.sorted) == (None, 0)
    assert {photo.action for photo in again.photos} == {"already there", "left"}
    assert {type(photo.action) for photo in (*done.photos, *again.photos)} == {str}
    assert collection.undo(sort=done.sort) == 12
    assert not to.exists()
    with pytest.raises(UndoRefused):
        collection.undo()


def test_a_choice_that_there_is_not_names_those_that_there_are(
    collection: Collection, photos: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as error:
        collection.sort(photos, tmp_path / "sorted", mode="cut")  # type: ignore[arg-type]
    assert str(error.value) == 'mode cannot be \'cut\'. Choose one of "copy", "move", "link", "symlink".'
    with pytest.raises(UserError, match='"all", "likely", "sure", "labelled"'):
        collection.sort(photos, tmp_path / "sorted", include="best")  # type: ignore[arg-type]


def test_symbolic_links_count_as_sorted(collection: Collection, photos: Path, tmp_path: Path) -> None:
    teach(collection, photos)
    done = collection.sort(photos, tmp_path / "sorted", mode="symlink", include="labelled", dry_run=False)
    assert ({photo.action for photo in done.photos} - {"left"}, done.sorted) == ({"symlink"}, 12)


def test_a_correction_after_filing_moves_the_filed_photo(collection: Collection, photos: Path, tmp_path: Path) -> None:
    teach(collection, photos)
    collection.sort(photos, tmp_path / "sorted", include="labelled", dry_run=False)
    collection.label(photos / "red_0.jpg", "blue")
    collection.sort(photos, tmp_path / "sorted", include="labelled", dry_run=False)
    assert (tmp_path / "sorted" / "red" / "red_0.jpg").is_file()  # nobody agreed
    assert not (tmp_path / "sorted" / "blue" / "red_0.jpg").exists()
    collection.sort(photos, tmp_path / "sorted", include="labelled", dry_run=False, move_copies=True)
    assert (tmp_path / "sorted" / "blue" / "red_0.jpg").is_file()
    assert not (tmp_path / "sorted" / "red" / "red_0.jpg").exists()


def test_sorted_photos_are_verified(collection: Collection, photos: Path, tmp_path: Path) -> None:
    teach(collection, photos)
    collection.sort(photos, tmp_path / "sorted", include="labelled", dry_run=False)
    report = collection.verify()
    assert (report.photos, report.sidecars, report.intact, report.changed) == (12, 0, 12, ())
    assert report.all_well
    lost, moved = tmp_path / "sorted" / "red" / "red_0.jpg", tmp_path / "sorted" / "blue" / "blue_0.jpg"
    lost.unlink()
    moved.rename(moved.with_name("renamed.jpg"))
    report = collection.verify(tmp_path / "sorted")
    assert [(file.path, file.state, file.class_name, file.sort) for file in report.changed] == [
        (lost, "gone", "red", 1),
        (moved, "moved", "blue", 1),
    ]
    assert [file.now for file in report.changed] == [None, moved.with_name("renamed.jpg")]
    assert [file.intact_at for file in report.changed] == [photos / "red_0.jpg", None]
    assert not report.all_well
    shutil.rmtree(tmp_path / "sorted")
    report = collection.verify()
    assert (report.photos, report.changed, report.not_reached) == (0, (), {tmp_path / "sorted": 12})
    assert not report.all_well
    with pytest.raises(UserError, match="No photos are sorted into"):
        collection.verify(photos)


def test_an_unsafe_destination_is_refused_before_a_photo_is_read(collection: Collection, photos: Path) -> None:
    with pytest.raises(SortRefused):
        collection.sort(photos, photos / "sorted")
    assert not collection._library.photos.all_places()
    with pytest.raises(FolderUnusable):
        collection.predict(photos / "missing")


def test_a_model_is_shared_between_collections(collection: Collection, photos: Path, tmp_path: Path) -> None:
    teach(collection, photos)
    file = collection.export_model(tmp_path / "colours.safetensors")
    expected = collection.predict_image(photos / "red_4.jpg")
    with Collection.open(tmp_path / "other") as other:
        other._engine.open_network = open_colour_network
        number = other.import_model(file)
        assert [model.current for model in other.models] == [False, True]
        other.use_model(number)
        assert other.predict_image(photos / "red_4.jpg") == expected


def test_one_at_a_time(collection: Collection) -> None:
    with pytest.raises(CollectionLocked):
        Collection.open(collection.folder)
    collection.close()
    collection.close()
    Collection.open(collection.folder).close()


def test_progress_comes_in_the_callers_thread_and_what_it_raises_comes_out(tmp_path: Path, photos: Path) -> None:
    seen: list[tuple[str, int]] = []

    def progress(news: Progress) -> None:
        seen.append((news.stage, threading.get_ident()))

    class EnoughError(Exception):
        pass

    def stop(news: Progress) -> None:
        raise EnoughError

    with Collection.open(tmp_path / "collection", progress=progress) as collection:
        collection._engine.open_network = open_colour_network
        collection.predict(photos)
    assert {thread for _, thread in seen} == {threading.get_ident()}
    assert "Suggesting classes" in {stage for stage, _ in seen}
    with Collection.open(tmp_path / "other", progress=stop) as collection:
        collection._engine.open_network = open_colour_network
        with pytest.raises(EnoughError):
            collection.predict(photos)
        assert "flowersorter" not in {thread.name for thread in threading.enumerate()}  # the work has ended
    Collection.open(tmp_path / "other").close()


def test_a_prediction_reads_well() -> None:
    assert str(Prediction("daisy", 0.974, "sure", (("daisy", 0.974),))) == "daisy (97 %, sure)"
    assert str(Prediction("daisy", 0.65, "sure", (("daisy", 0.65),))) == "daisy (sure)"
    assert str(Prediction("daisy", 0.65, "likely", (("daisy", 0.65),))) == "daisy (65 %, likely)"
    assert str(Prediction("daisy", 0.4, "unsure", ())) == "daisy (40 %, not sure)"


def test_names_that_are_not_there_are_not_made_up() -> None:
    import flowersorter

    assert set(flowersorter.__all__) <= set(dir(flowersorter))
    for name in flowersorter.__all__:
        assert getattr(flowersorter, name)
    with pytest.raises(AttributeError, match="gardn"):
        getattr(flowersorter, "gardn")  # noqa: B009 - as a typing mistake does it


def test_labelling_moves_sorted_copies_only_where_asked_to(
    collection: Collection, photos: Path, tmp_path: Path
) -> None:
    teach(collection, photos)
    collection.sort(photos, tmp_path / "sorted", include="labelled", dry_run=False)
    copy = tmp_path / "sorted" / "red" / "red_0.jpg"
    collection.label(photos / "red_0.jpg", "blue")
    assert copy.is_file()
    collection.label(photos / "red_0.jpg", "blue", move_copies=True)
    assert not copy.exists()
    assert (tmp_path / "sorted" / "blue" / "red_0.jpg").is_file()


def test_labels_of_deleted_photos_are_counted_and_can_be_forgotten(collection: Collection, photos: Path) -> None:
    teach(collection, photos)
    (photos / "red_0.jpg").unlink()
    collection.predict(photos)
    assert (collection.gone_labels(), collection.forget_gone_labels(), collection.gone_labels()) == (1, 1, 0)


def test_the_scope_of_a_folder_is_chosen_and_told(collection: Collection, photos: Path, tmp_path: Path) -> None:
    other = draw_photos(tmp_path / "other", "yellow", 2)
    collection.set_scan_options(photos, exclude=["green_*", "broken*"])

    found = collection.predict(photos, other[1])

    assert len(found) == 11
    assert found[0].path == other[1]
    assert collection.left_out == {"excluded photo": 6}
    report = collection.sort([photos, other[1]], tmp_path / "sorted")
    assert len(report.photos) == 11
    with pytest.raises(SortRefused):
        collection.sort([photos, other[1]], tmp_path / "other" / "sorted")


def test_photos_are_searched_by_name_and_ordered_by_date(collection: Collection, photos: Path) -> None:
    assert [photo.path.name for photo in collection.predict(photos, name="RED_")] == [f"red_{i}.jpg" for i in range(5)]
    assert len(collection.predict(photos, order="date")) == 16


def test_undo_takes_changed_photos_back_only_where_asked_to(
    collection: Collection, photos: Path, tmp_path: Path
) -> None:
    teach(collection, photos)
    done = collection.sort(photos, tmp_path / "sorted", include="labelled", dry_run=False)
    (tmp_path / "sorted" / "red").rename(tmp_path / "sorted" / "ruby")
    assert collection.undo(done.sort) == 8
    assert collection.undo(done.sort, take_changed=True) == 4


def test_sub_folders_follow_a_pattern_that_is_remembered(collection: Collection, photos: Path, tmp_path: Path) -> None:
    teach(collection, photos)
    to, pattern = tmp_path / "sorted", "{class}/{date:%Y}"
    with pytest.raises(SortRefused, match="must begin with"):
        collection.sort(photos, to, pattern="{date:%Y}/{class}")
    plan = collection.sort(photos, to, include="labelled", pattern=pattern)
    assert {photo.to.parent for photo in plan.photos if photo.to} == {
        to / c / "Undated" for c in ("red", "green", "blue")
    }
    done = collection.sort(photos, to, include="labelled", pattern=pattern, dry_run=False)
    assert done.sorted == 12
    assert collection.undo() == 12

    def folders(destination: Path, pattern: str | None = None) -> set[str]:
        planned = collection.sort(photos, destination, include="labelled", pattern=pattern)
        return {photo.to.parent.name for photo in planned.photos if photo.to}

    colours = {"red", "green", "blue"}
    assert folders(to) == {"Undated"}
    assert folders(to, "") == colours
    assert folders(tmp_path / "elsewhere") == colours  # it is remembered for that destination only
    collection.sort(photos, to, include="labelled", pattern="", dry_run=False)
    assert folders(to) == colours
    assert collection.undo() == 12
    assert not to.exists()


def test_a_move_takes_duplicates_and_emptied_folders_along_where_asked_to(
    collection: Collection, photos: Path, tmp_path: Path
) -> None:
    teach(collection, photos)
    (photos / "again").mkdir()
    shutil.copy2(photos / "red_0.jpg", photos / "again" / "red.jpg")
    to = tmp_path / "sorted"
    done = collection.sort(
        photos, to, mode="move", include="labelled", dry_run=False, move_duplicates=True, remove_empty_folders=True
    )
    assert done.sorted == 12
    assert not (photos / "again").exists()
    assert len(list((to / "Duplicates").iterdir())) == 1
    assert collection.undo() == 13
    assert (photos / "again" / "red.jpg").is_file()
    assert not to.exists()


def test_a_photo_is_answered_with_something_other_than_a_class(
    collection: Collection, photos: Path, tmp_path: Path
) -> None:
    teach(collection, photos)
    red, green, blue = (photos / f"{colour}_4.jpg" for colour in ("red", "green", "blue"))
    assert collection.reject(red, "RED") == "red"
    collection.mark_not_mine(green)
    collection.mark_dont_know(blue)
    found = collection.predict(photos)
    first, second, third = (named(found, path.name) for path in (red, green, blue))
    assert (first.rejected, first.not_mine, first.dont_know) == (("red",), False, False)
    assert first.prediction is not None
    assert "red" not in [name for name, _ in first.prediction.top]
    assert (second.not_mine, second.prediction, second.label, second.class_name) == (True, None, None, None)
    assert third.dont_know
    assert third.class_name == "blue"
    assert [first.by, second.by, third.by, named(found, "red_0.jpg").by] == ["model", "person", "model", "person"]
    starter = set(collection.models[-1].classes)
    assert set(collection.classes) == {"red", "green", "blue"} | starter, "none of the three is gone"
    left = [each.path for each in collection.sort(photos, tmp_path / "sorted").photos if each.action == "left"]
    assert green in left
    with pytest.raises(ClassRefused, match="There is no class “orchid”"):
        collection.reject(red, "orchid")
    assert collection.forget_answers(green)
    assert not collection.forget_answers(green)
    assert named(collection.predict(photos), green.name).prediction is not None


# -- accuracy, doubtful labels, history


def test_the_labels_are_evaluated_and_doubted(collection: Collection, photos: Path) -> None:
    teach(collection, photos)
    report = collection.evaluate()
    assert (report.photos, report.accuracy, report.seen) == (12, 1, 0)
    assert report.interval[0] < 1
    measured = {name: each for name, each in report.classes.items() if each.photos}
    assert {name: (each.photos, each.recall) for name, each in measured.items()} == dict.fromkeys(COLOURS, (4, 1))
    assert report.confusion == {(name, name): 4 for name in measured}
    assert report.how.startswith("12 photos with a label, each predicted by a model that never saw it")
    collection.label(photos / "red_0.jpg", "blue")
    found = collection.label_errors()
    assert (found.checked, found.kept, found.unmeasured) == (12, 0, ())
    assert found.too_early or found.errors[0].path == photos / "red_0.jpg"


def test_the_photos_in_two_class_folders_are_doubted_first(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "classes"
    for colour in ("red", "blue"):
        draw_photos(folder / colour, colour, 4)
    shutil.copy(folder / "red" / "red_0.jpg", folder / "blue" / "copy.jpg")
    collection.train(folder)
    first = collection.label_errors().errors[0]
    assert {first.path, first.also_at} == {folder / "red" / "red_0.jpg", folder / "blue" / "copy.jpg"}
    assert ({first.label, first.better}, first.doubt) == ({"red", "blue"}, 1)


def test_a_labelled_folder_is_evaluated_without_labelling_it(
    collection: Collection, photos: Path, tmp_path: Path
) -> None:
    teach(collection, photos)
    other = tmp_path / "other"
    for colour in ("red", "green"):
        draw_photos(other / colour, colour, 3, first=60)
    (other / "red" / "broken.jpg").write_bytes(b"no photo")
    report = collection.evaluate(other)
    assert (report.photos, report.accuracy) == (6, 1)
    assert dict(report.unreadable) == {other / "red" / "broken.jpg": "it is not an image"}
    assert len(collection._library.labels.class_ids()) == 12, "no photo of the folder is labelled"
    with pytest.raises(FolderUnusable):
        collection.evaluate(tmp_path / "missing")


def test_nothing_is_evaluated_without_labels(collection: Collection) -> None:
    for measure in (collection.evaluate, collection.label_errors):
        with pytest.raises(TooFewPhotos):
            measure()


def test_the_sorts_are_listed_the_newest_first(collection: Collection, photos: Path, tmp_path: Path) -> None:
    assert collection.history() == []
    for name in ("red_0.jpg", "blue_0.jpg"):
        collection.label(photos / name, name.partition("_")[0])
    first = collection.sort(photos, tmp_path / "one", include="labelled", dry_run=False)
    second = collection.sort(photos, tmp_path / "two", include="labelled", dry_run=False)
    collection.undo(second.sort)
    newest, oldest = collection.history()
    assert (newest.number, oldest.number) == (second.sort, first.sort)
    assert (oldest.mode, oldest.source, oldest.destination) == ("copy", photos, tmp_path / "one")
    assert (oldest.state, oldest.photos, oldest.undone, oldest.failed) == ("done", 2, 0, 0)
    assert (newest.state, newest.photos, newest.undone) == ("undone", 2, 2)
    assert newest.finished_at is not None
    assert oldest.started_at <= newest.started_at <= newest.finished_at


# -- groups


def test_a_group_is_labelled_at_once_without_its_odd_ones(collection: Collection, photos: Path) -> None:
    groups = collection.groups(photos)
    assert sorted(path for group in groups for path in group.photos) == sorted(photos.glob("*_*.jpg"))
    assert [group.photos for group in collection.next(photos, 2)] == [group.photos for group in groups[:2]]
    first = max(groups, key=lambda group: len(group.photos))
    *others, odd = first.photos
    done = collection.label_group(first, "poppy", without=[odd])
    assert (done.class_name, done.labelled, dict(done.unreadable)) == ("poppy", tuple(others), {})
    labels = {photo.path: photo.label for photo in collection.predict(photos)}
    assert {path for path, label in labels.items() if label == "poppy"} == set(others)
    assert all(path not in group.photos for group in collection.groups(photos) for path in others)
    assert collection.label_group([str(odd)], "poppy").labelled == (odd,)


def test_a_group_whose_photos_vanished_is_reported(collection: Collection, photos: Path) -> None:
    [group] = collection.next(photos, 1)
    for path in group.photos:
        path.unlink()
    with pytest.raises(PhotoUnreadable, match="None of the photos of this group"):
        collection.label_group(group, "poppy")
    assert "poppy" not in collection.classes


def test_keywords_are_written_sorted_and_taken_as_labels(collection: Collection, photos: Path, tmp_path: Path) -> None:
    collection.label(photos / "red_0.jpg", "Rosa/canina")
    planned = collection.write_keywords(photos)
    assert (planned.dry_run, planned.sorts) == (True, ())
    assert dict(planned.written) == {photos / "red_0.jpg.xmp": "Rosa/canina"}
    assert not list(photos.glob("*.xmp"))
    written = collection.write_keywords([photos / "red_0.jpg"], dry_run=False)
    assert dict(written.left) == {}
    assert b"Rosa|canina" in (photos / "red_0.jpg.xmp").read_bytes()
    assert collection.history()[0].mode == "keywords"
    done = collection.sort(photos, tmp_path / "sorted", include="labelled", dry_run=False, keywords=True)
    assert (done.sorted, done.keywords, dict(done.without_keywords)) == (1, 0, {})  # the sidecar has them already
    assert (tmp_path / "sorted" / "Rosa_canina" / "red_0.jpg.xmp").exists()
    (photos / "blue_0.jpg.xmp").write_bytes((photos / "red_0.jpg.xmp").read_bytes())
    assert collection.label_from_keywords(photos) == {photos / "blue_0.jpg": "Rosa/canina"}
    assert collection.label_from_keywords(photos, ["Rosa/canina"]) == {}
    collection.undo()
    assert collection.undo(written.sorts[0]) == 0
    assert not (photos / "red_0.jpg.xmp").exists()
