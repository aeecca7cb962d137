"""Words the reasons why a worker is refused."""

from __future__ import annotations

import flowersorter
from flowersorter.errors import WorkersUnavailable
from flowersorter.messages import text
from flowersorter.vision.backbone.registry import Backbone, base_name, is_finetuned
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
        text("it cannot run FlowerSorter: {error}", error=f"{type(error).__name__}: {error}".splitlines()[0]),
        text("Install the same version there: pip install flowersorter=={here}", here=flowersorter.__version__),
    )


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
