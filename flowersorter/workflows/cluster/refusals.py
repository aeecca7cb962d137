"""Words the reasons why a worker is refused."""

from __future__ import annotations

from collections.abc import Mapping

import flowersorter
from flowersorter.errors import WorkersUnavailable
from flowersorter.messages import joined_texts, stored, text
from flowersorter.vision.backbone.registry import Backbone, base_name, is_finetuned
from flowersorter.workflows.cluster.options import NoWorkerLeft
from flowersorter.workflows.cluster.worker_tasks import Unfit


def refusal(worker: str, unfit: Unfit, backbone: Backbone) -> WorkersUnavailable:
    """Make the error for a worker that does not fit the job.

    Args:
        worker: Its name.
        unfit: Why.
        backbone: Of the job.
    """
    refused = text("The worker {worker} is refused", worker=worker)
    if unfit.version:
        here = flowersorter.__version__
        return WorkersUnavailable(
            refused,
            text("it has FlowerSorter {there}, and this program is {here}", there=unfit.version, here=here),
            text("Install the same version there: pip install flowersorter=={here}", here=here),
        )
    if unfit.unseen:
        return WorkersUnavailable(
            refused,
            text("it does not see the folder {folder}", folder=unfit.unseen),
            text("Mount the folder there, or give its path on the workers with --map HERE=THERE"),
        )
    if unfit.error is not None:
        return WorkersUnavailable(refused, unfit.error.sentence.rstrip("."))
    return WorkersUnavailable(refused, *_weights_differ(unfit, backbone))


def refused_by_error(worker: str, error: BaseException) -> WorkersUnavailable:
    """Make the error for a worker that cannot even be asked, such as one without the program."""
    return WorkersUnavailable(
        text("The worker {worker} is refused", worker=worker),
        text("it cannot run FlowerSorter: {error}", error=_line(error)),
        text("Install the same version there: pip install flowersorter=={here}", here=flowersorter.__version__),
    )


def no_worker_left(first: WorkersUnavailable) -> NoWorkerLeft:
    """Make the error for a job whose workers were all refused.

    Args:
        first: The error of one of them.
    """
    what = joined_texts(". ", text("No worker is left"), stored(first.what))
    return NoWorkerLeft(what, stored(first.why), stored(first.hint))


def no_answer(worker: str, seconds: float) -> WorkersUnavailable:
    """Make the error for a worker that does not say whether it fits.

    Args:
        worker: Its name.
        seconds: That it had.
    """
    return WorkersUnavailable(
        text("The worker {worker} does not answer", worker=worker),
        text("it was asked {seconds} seconds ago whether it fits", seconds=round(seconds)),
        text("Start it again and repeat the command: it goes on from here"),
    )


def refused_by_failures(worker: str, batches: int, error: Exception) -> WorkersUnavailable:
    """Make the error for a worker that fails with batch after batch, such as one without memory left.

    Args:
        worker: Its name.
        batches: Number of batches in a row.
        error: The last one.
    """
    return WorkersUnavailable(
        text("The worker {worker} is refused", worker=worker),
        text("reading failed there {count} times in a row: {error}", count=batches, error=_line(error)),
    )


def batch_failed(errors: Mapping[str, Exception]) -> WorkersUnavailable:
    """Make the error for photos that no worker could read.

    Args:
        errors: The error of each worker that tried, by address, at least one.
    """
    error = list(errors.values())[-1]
    made = WorkersUnavailable(
        text("The workers cannot read some of the photos"),
        _line(error),
        text("All photos read until now are stored; repeat the command once the workers are in order"),
    )
    made.__cause__ = error
    return made


def ended_again_and_again(photos: int) -> WorkersUnavailable:
    """Make the error for workers that end with every photo.

    Args:
        photos: Number of photos that were given up one after another.
    """
    return WorkersUnavailable(
        text("The worker processes end again and again"),
        text("they ended with each of {count} photos", count=photos),
    )


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _weights_differ(unfit: Unfit, backbone: Backbone) -> tuple[str, str]:
    if is_finetuned(backbone.name):
        return (
            text("it has not the same weights of {title}", title=backbone.title),
            text("Keep the collection on a drive that the workers see, and map its folder with --map HERE=THERE"),
        )
    why = (
        text("its weights of {title} are not the same", title=backbone.title)
        if unfit.has_weights
        else text("it has no weights of {title}", title=backbone.title)
    )
    if backbone.weights.shipped:
        return why, text(
            "Install the same version there: pip install flowersorter=={here}", here=flowersorter.__version__
        )
    return why, text("Get them there with: flowersorter backbones --download {name}", name=base_name(backbone.name))
