"""What every test may rely on."""

from __future__ import annotations

import gc
import itertools
import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A test run that a script started in the background inherits a Ctrl+C that is ignored, and so would every program
# that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Where tests run beside one another (`pytest -n`), each run and the programs it starts take their share of the cores;
# set before NumPy and torch are imported. With all cores for each, they would wait for one another by spinning.
if "PYTEST_XDIST_WORKER_COUNT" in os.environ:
    _share = max(1, (os.cpu_count() or 1) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))
    os.environ.setdefault("OMP_NUM_THREADS", str(_share))

# How long an example takes says something of the machine, and of what else it does, only. CI tries the same examples
# every time, so that no change is refused by chance; everybody else's runs look for new ones.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("any machine")

_numbers = itertools.count()

TESTS = Path(__file__).parent

#: What `-m "not slow"` leaves out: whole programs, windows and workflows, shares of the benches, networks with their
#: weights or a training, real connections, the unit tests once more without Qt; and, below, tests of many drawn
#: examples.
SLOW = (
    "e2e",
    "qt",
    "unit/bench/test_against.py",
    "unit/api/test_collection.py",
    "unit/api/test_predict_image.py",
    "unit/api/test_sample_check.py",
    "unit/bench/test_speed_table.py::test_a_tiny_run_goes_from_end_to_end",
    "unit/commands/test_check.py",
    "unit/commands/test_finetune.py",
    "unit/commands/test_label_answers.py",
    "unit/commands/test_language.py::test_no_command_writes_english_words_beside_the_catalogue",
    "unit/commands/test_predict.py",
    "unit/commands/test_read_only.py",
    "unit/commands/test_sentences.py",
    "unit/commands/test_undo.py",
    "unit/commands/test_workers.py",
    "unit/photos/test_memory.py",
    "unit/photos/test_thumbnail.py",
    "unit/photos/test_unreadable.py",
    "unit/sorting/test_changed_photos.py",
    "unit/sorting/test_errors.py",
    "unit/sorting/test_leftovers.py",
    "unit/sorting/test_real_filesystems.py",
    "unit/sorting/test_safety.py",
    "unit/test_architecture.py::test_every_name_is_imported_from_the_module_that_defines_it",
    "unit/test_architecture.py::test_the_unit_tests_pass_with_pyside6_absent",
    "unit/vision/backbone/test_any_backbone.py",
    "unit/vision/backbone/test_build.py",
    "unit/vision/backbone/test_convert_resnet50.py",
    "unit/vision/backbone/test_download.py",
    "unit/vision/backbone/test_embedder.py",
    "unit/vision/backbone/test_torchvision_packages.py",
    "unit/vision/backbone/test_install_weights.py",
    "unit/vision/backbone/test_load_weights.py",
    "unit/vision/backbone/test_state_dict.py",
    "unit/vision/classifier/test_incremental_fit.py",
    "unit/vision/classifier/test_label_errors.py",
    "unit/vision/classifier/test_lda.py",
    "unit/vision/classifier/test_many_classes.py",
    "unit/vision/classifier/test_training_overlap.py",
    "unit/vision/export",
    "unit/vision/finetuning",
    "unit/vision/test_torch_threads.py",
    "unit/workflows",
)
#: Parts of these whose tests are quick, so that every package has some.
QUICK = (
    "qt/shared/test_charts.py",
    "qt/shared/test_error_dialog.py",
    "qt/window/test_actions.py",
    "qt/workers/test_job_queue.py",
    "qt/workers/test_workers.py",
    "unit/workflows/cluster/test_batches.py",
    "unit/workflows/cluster/test_path_map.py",
    "unit/workflows/filing/test_gc_pause.py",
    "unit/workflows/test_engine.py",
)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave files whose every test is slow unread where `-m "not slow"` leaves their tests out."""
    if config.option.markexpr != "not slow" or not collection_path.is_relative_to(TESTS):
        return None
    place = collection_path.relative_to(TESTS).as_posix()
    holds_quick = any(quick == place or quick.startswith(f"{place}/") for quick in QUICK)
    return True if _is_among(place, SLOW) and not holds_quick else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that are slow, by folder, file or name."""
    for item in items:
        test = f"{item.path.relative_to(TESTS).as_posix()}::{item.name}"
        draws = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if draws or (_is_among(test, SLOW) and not _is_among(test, QUICK)):
            item.add_marker(pytest.mark.slow)


def _is_among(test: str, places: tuple[str, ...]) -> bool:
    return any(test == place or test.startswith((f"{place}/", f"{place}::")) for place in places)


def pytest_collection_finish() -> None:
    """What was imported by now stays to the end; the collector need not go through it again with every test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the program notes for the person who runs the tests is not noted among their own things."""
    folder = tmp_path_factory.getbasetemp() / f"data-{next(_numbers)}"
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))  # for the programs that tests start
    monkeypatch.setattr("flowersorter.library.files.locations._data_folder", lambda: folder / "FlowerSorter")
    return folder / "FlowerSorter"
