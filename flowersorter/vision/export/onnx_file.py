"""Export the whole network with a head as an ONNX file. Needs no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from flowersorter.vision.backbone.load_weights import load_arrays
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.classifier.model import Model


def onnx_file(model: Model, entry: Backbone, made_by: Mapping[str, str]) -> bytes:
    """Make an ONNX graph on the original photo: resize, crop, network, square root, head, probabilities.

    Input and output are described in `onnx_graph.build`. Its metadata has the ``class_names`` as a JSON list, in the
    order of the probabilities.

    Args:
        model: The model.
        entry: Its backbone.
        made_by: The program that exports it.

    Raises:
        ModuleNotFoundError: the package onnx is not installed.
        WeightsMissing: the backbone's weights are not on this computer.
    """
    from flowersorter.vision.export.onnx_graph import build  # here, because the package onnx may be missing

    state = {name: array for name, array in load_arrays(entry).items() if not name.startswith("fc.")}
    divisor = np.float32(model.temperature)
    accuracy = model.training.held_out_accuracy
    notes = {
        "class_names": json.dumps(list(model.class_names)),
        "backbone": model.backbone,
        "made_by": json.dumps(dict(made_by)),
        "held_out_accuracy": json.dumps(accuracy),
        "sure_from": json.dumps(model.thresholds.sure),
        "probable_from": json.dumps(model.thresholds.likely),
    }
    return build(entry, state, model.weight / divisor, model.bias / divisor, notes)
