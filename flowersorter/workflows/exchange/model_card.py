"""Describes an exported model in a model card: Markdown with a YAML head, as model hubs read it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flowersorter import __version__
from flowersorter.domain.export_format import ONNX, PTH, SAFETENSORS
from flowersorter.domain.figures import percent_to_tenths
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.classifier.model import Model
from flowersorter.workflows.evaluation.evaluate import Evaluation
from flowersorter.workflows.exchange.usage_snippets import script_for

#: In the head of every card that this program writes: another file of that name is not replaced.
MARK = "library_name: flowersorter"
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$])")
_FORMS = {
    PTH: "a torchvision state dict with a last layer of its own",
    ONNX: "an ONNX graph that takes a photo as it is",
    SAFETENSORS: "a FlowerSorter model, without the network",
}


@dataclass(frozen=True, slots=True)
class CardFacts:
    """The facts of a card.

    Attributes:
        file: The exported file.
        model: The model, with the class names as they are now.
        backbone: Its network.
        created_at: When it was made, ISO 8601; "" for the starter.
        accuracy: Held-out accuracy of the file; None if it was not measured.
        counts: Number of labelled photos by class name, now.
        evaluation: Figures of this model on the labels, each predicted while it was held out; None without any.
        is_imported: Whether it was imported, so that its photos are not known.
        learned: Number of photos it learned from by class name; empty where that is not known.
    """

    file: Path
    model: Model
    backbone: Backbone
    created_at: str
    accuracy: float | None
    counts: Mapping[str, int]
    evaluation: Evaluation | None
    is_imported: bool = False
    learned: Mapping[str, int] = field(default_factory=dict)

    @property
    def form(self) -> str:
        """The suffix of the file."""
        return self.file.suffix.lower()


def card_path(file: Path) -> Path:
    """The path of the card of an exported model: "roses.onnx.md" beside "roses.onnx"."""
    return file.with_name(f"{file.name}.md")


def may_replace(card: Path) -> bool:
    """Whether a card may be written there: nothing is there, or a card of this program."""
    try:
        with card.open("rb") as file:
            return MARK.encode() in file.read(2000)
    except FileNotFoundError:
        return True
    except OSError:
        return False


def model_card(facts: CardFacts) -> str:
    """Return the text of the card."""
    parts = (_head(facts), _about(facts), _data(facts), _figures(facts), _classes(facts), _limits(facts), _use(facts))
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _head(facts: CardFacts) -> str:
    lines = [
        "---",
        MARK,
        "pipeline_tag: image-classification",
        "tags:",
        "- image-classification",
        f"base_model: {json.dumps(facts.backbone.name)}",
        f"model_name: {json.dumps(facts.file.stem.encode('utf-8', 'replace').decode())}",
    ]
    if facts.accuracy is not None:
        lines += ["metrics:", "- accuracy"]
    return "\n".join([*lines, "---"])


def _about(facts: CardFacts) -> str:
    form = _FORMS.get(facts.form, "a model")
    made = f", made on {facts.created_at[:10]}" if facts.created_at else ""
    note = facts.model.training.note
    said = f"\n\n{_escaped(note)}" if note else ""
    classes = len(facts.model.class_names)
    return (
        f"# {_escaped(facts.file.stem)}\n\nA classifier of photos with {classes} classes on the network "
        f"{_escaped(facts.backbone.title)}, exported by FlowerSorter {__version__}{made}. The file is {form}.{said}"
    )


def _data(facts: CardFacts) -> str:
    training = facts.model.training
    if facts.is_imported:
        lines = ["- The model was imported: the photos it learned from are not known here."]
        others = "Among them are"
    else:
        owned = f"- of these labelled by its owner: {training.own_photos}"
        lines = [f"- Photos it learned from: {training.photos}", owned]
        others = "The others are"
    if training.built_on_starter:
        lines.append(f"- {others} the flowers that ship with FlowerSorter.")
    if training.origin:
        lines.append(f"- Source of the photos: {_escaped(training.origin)}")
    if training.memorised:
        lines.append(f"- Photos that the network itself was trained on: {training.memorised}")
    return "\n".join(["## Training data\n", *lines])


def _figures(facts: CardFacts) -> str:
    lines = ["## Accuracy\n"]
    if facts.is_imported:
        lines.append("Not measured here: the model was imported.")
    elif facts.accuracy is None:
        lines.append("Not measured: there were too few photos to hold some out.")
    else:
        lines.append(f"{percent_to_tenths(facts.accuracy)} of photos it had not seen were right (cross-validation).")
    found = facts.evaluation
    if found is not None:
        low, high = (percent_to_tenths(end) for end in found.interval)
        lines.append(
            f"\nOf {found.photos} labelled photos, each held out once, {percent_to_tenths(found.accuracy)} were right "
            f"(95 % interval {low} to {high}), with an expected calibration error of {found.calibration_error:.3f}.\n"
        )
        lines += ["| confidence | photos | mean confidence | right |", "|---|---|---|---|"]
        lines += [
            f"| {each.low:.1f} to {each.high:.1f} | {each.photos} | {each.confidence:.3f} | {each.accuracy:.3f} |"
            for each in found.bins
            if each.photos
        ]
    model = facts.model
    if facts.form != PTH:  # its last layer is another one, to which these numbers do not belong
        lines.append(
            f"\nProbabilities are calibrated with the temperature {model.temperature:.3f}. FlowerSorter calls a "
            f"suggestion *sure* from {model.thresholds.sure:.3f} and *likely* from {model.thresholds.likely:.3f}."
        )
    return "\n".join(lines)


def _classes(facts: CardFacts) -> str:
    found = facts.evaluation
    columns = ["class"]
    counts = facts.learned or (None if facts.is_imported else facts.counts)
    if counts is not None:
        columns.append("photos it learned from" if facts.learned else "labelled photos")
    if found is not None:
        columns += ["recall", "precision"]
    rows = {} if found is None else {name: row for row, name in enumerate(found.class_names)}
    lines = ["## Classes\n", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for name in facts.model.class_names:
        cells = [_escaped(name)]
        if counts is not None:
            cells.append(str(counts.get(name, 0)))
        if found is not None:
            row = rows.get(name)
            shares = [math.nan] * 2 if row is None else [float(found.recall[row]), float(found.precision[row])]
            cells += ["" if math.isnan(share) else f"{share:.3f}" for share in shares]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _limits(facts: CardFacts) -> str:
    lines = [
        "## Limits\n",
        "- It knows the classes above alone, and names one of them for every photo that shows something else."
        if facts.form != SAFETENSORS
        else "- It knows the classes above alone. FlowerSorter calls photos that look like none of them *unknown*.",
        "- The figures hold for photos like those it learned from. Another camera, place or season can lower them.",
        "- A class with few photos has figures that mean little.",
    ]
    licence = (
        f"\n## Licence\n\nThe weights of the network {_escaped(facts.backbone.title)} are by "
        f"{_escaped(facts.backbone.authors)}, under this licence: {_escaped(facts.backbone.licence)}. The licence of "
        "the trained layer and of the photos is for its owner to say."
    )
    return "\n".join(lines) + "\n" + licence


def _use(facts: CardFacts) -> str:
    script = script_for(Path(facts.file.name))
    if script:
        return f"## Use\n\n```python\n{script}```"
    command = f"flowersorter import {json.dumps(facts.file.name)} --use"
    return f"## Use\n\n```\n{command}\n```"


def _escaped(text: str) -> str:
    """Escape text from elsewhere so that Markdown shows it as it is, on one line."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return _SPECIAL.sub(r"\\\1", line).encode("utf-8", "replace").decode()
