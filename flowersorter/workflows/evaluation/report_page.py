"""Writes an evaluation as one self-contained HTML page: figures as SVG, mistakes as small pictures."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

import flowersorter
from flowersorter.domain.figures import percent
from flowersorter.messages import Text, text
from flowersorter.workflows.evaluation.charts.builders import calibration_scene, confidence_scene, learning_scene
from flowersorter.workflows.evaluation.charts.svg import STYLE as CHART_STYLE
from flowersorter.workflows.evaluation.charts.svg import svg
from flowersorter.workflows.evaluation.evaluate import Evaluation
from flowersorter.workflows.evaluation.learning_curve import LearningCurve

#: A policy that keeps the page from loading or running anything, whatever a name in it contains.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
#: Most classes for a matrix with a cell for every pair; most pairs listed with more classes.
_MOST_IN_MATRIX, _MOST_PAIRS = 60, 100
_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --text: #1c1c1c; --soft: #666; --line: #ddd;
  --good: 0, 158, 115; --bad: 213, 94, 0; }
@media (prefers-color-scheme: dark) { :root { --ground: #1e1e1e; --text: #eee; --soft: #aaa; --line: #444; } }
body { background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 62rem; padding: 1.5rem; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
.soft, figcaption { color: var(--soft); } figure { margin: 0; }
.figures { display: grid; gap: 2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .7rem; text-align: right; }
th:first-child { text-align: left; } .matrix td { text-align: center; min-width: 2.2rem; }
.mistakes { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); padding: 0; }
.mistakes li { list-style: none; overflow-wrap: anywhere; font-size: .85rem; }
.mistakes img, .mistakes .none { width: 100%; height: 8rem; object-fit: contain; background: var(--line); }
.mistakes .none { display: grid; place-items: center; color: var(--soft); }
"""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A photo predicted wrong.

    Attributes:
        path: Its path; "" if its file is missing.
        true: Its class.
        predicted: The predicted class.
        confidence: Its probability.
        jpeg: A small picture, None where there is none.
    """

    path: str
    true: str
    predicted: str
    confidence: float
    jpeg: bytes | None


def page(evaluation: Evaluation, mistakes: Sequence[Mistake], curve: LearningCurve | None) -> bytes:
    """Write the page.

    Args:
        evaluation: The evaluation.
        mistakes: The photos to show, the most confident first.
        curve: The learning curve, if it was measured.
    """
    parts = [_head(evaluation), _classes(evaluation), _matrix(evaluation), _figures(evaluation, curve)]
    page = "\n".join([*parts, _mistakes(evaluation, mistakes), "</body>", "</html>", ""])
    return page.encode("utf-8", "backslashreplace")


def headline(evaluation: Evaluation) -> Text:
    """State the accuracy and its interval in plain words."""
    right, low, high = (round(100 * share) for share in (evaluation.accuracy, *evaluation.interval))
    return text(
        "About {right} of 100 right; with this many photos it could be {low} to {high}", right=right, low=low, high=high
    )


def _head(evaluation: Evaluation) -> str:
    right = int(evaluation.right.sum())
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<title>Evaluation – FlowerSorter</title>",
        f"<style>{_STYLE}{CHART_STYLE}</style>",
        "</head>",
        "<body>",
        f"<h1>{_shown(headline(evaluation))}</h1>",
        f'<p class="soft">Measured: {_shown(evaluation.how)}. {right:,} of {evaluation.photos:,} were right.',
    ]
    if evaluation.unreadable:
        lines.append(f"Not measured, because they could not be read: {len(evaluation.unreadable):,}.")
    lines.append(f"Written by FlowerSorter {flowersorter.__version__}.</p>")
    return "\n".join(lines)


def _classes(evaluation: Evaluation) -> str:
    photos, predictions = evaluation.confusion.sum(axis=1), evaluation.confusion.sum(axis=0)
    rows = []
    for at, name in enumerate(evaluation.class_names):
        right, shown = int(evaluation.confusion[at, at]), _shown(name)
        found = f"Of the photos of {shown}, {percent(float(evaluation.recall[at]))} were found"
        called = f"Of the photos it calls {shown}, {percent(float(evaluation.precision[at]))} are"
        rows.append(
            f'<tr><th scope="row">{shown}</th><td>{photos[at]:,}</td>'
            f'<td title="{found} ({right} of {photos[at]})">{percent(float(evaluation.recall[at]))}</td>'
            f'<td title="{called} ({right} of {predictions[at]})">{percent(float(evaluation.precision[at]))}</td></tr>'
        )
    head = "".join(f'<th scope="col">{each}</th>' for each in ("Class", "Photos", "Found", "Right when it says so"))
    return "\n".join([
        "<h2>Class by class</h2>",
        '<p class="soft">Found: of the photos of a class, how many were told so (recall). '
        "Right when it says so: of the photos it calls by that name, how many are (precision).</p>",
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>',
        *rows,
        "</tbody></table></div>",
    ])  # fmt: skip


def _matrix(evaluation: Evaluation) -> str:
    names = [_shown(name) for name in evaluation.class_names]
    if len(names) > _MOST_IN_MATRIX:
        return _confused_pairs(evaluation, names)
    totals = evaluation.confusion.sum(axis=1)
    rows = []
    for at, name in enumerate(names):
        cells = []
        for across, count in enumerate(evaluation.confusion[at].tolist()):
            if not count:
                cells.append("<td></td>")
                continue
            strength = 0.12 + 0.5 * math.sqrt(count / int(totals[at]))
            colour = f"rgba(var(--{'good' if at == across else 'bad'}), {strength:.2f})"
            words = f"{count} of {name}, suggested as {names[across]}"
            cells.append(f'<td style="background: {colour}" title="{words}">{count:,}</td>')
        rows.append(f'<tr><th scope="row">{name}</th>{"".join(cells)}</tr>')
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    return "\n".join([
        "<h2>What was taken for what</h2>",
        '<p class="soft">Rows: the class of the label. Columns: the suggested class.</p>',
        f'<div class="scroll"><table class="matrix"><thead><tr><td></td>{head}</tr></thead><tbody>',
        *rows,
        "</tbody></table></div>",
    ])  # fmt: skip


def _confused_pairs(evaluation: Evaluation, names: Sequence[str]) -> str:
    """The most frequent mistakes, in place of a matrix that is too large to show."""
    wrong = evaluation.confusion.copy()
    np.fill_diagonal(wrong, 0)
    photos = evaluation.confusion.sum(axis=1)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_PAIRS]
    pairs = [divmod(cell, len(names)) for cell in order.tolist() if wrong.flat[cell]]
    rows = [
        f'<tr><th scope="row">{names[true]}</th><td>{names[called]}</td><td>{wrong[true, called]:,} of {photos[true]:,}'
        "</td></tr>"
        for true, called in pairs
    ]
    head = "".join(f'<th scope="col">{each}</th>' for each in ("Class", "Suggested as", "Photos"))
    return "\n".join([
        "<h2>What was taken for what</h2>",
        f'<p class="soft">The {len(pairs)} most frequent mistakes. A report that ends in .csv has all of them.</p>',
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>',
        *rows,
        "</tbody></table></div>",
    ])  # fmt: skip


def _figures(evaluation: Evaluation, curve: LearningCurve | None) -> str:
    off = f"On average what it says of its sureness is off by {percent(evaluation.calibration_error)}."
    figures = [
        (calibration_scene(evaluation.bins), f"On the line it is as sure as it should be. {off}"),
        (confidence_scene(evaluation.histogram), "Wrong suggestions should be few, and not sure."),
    ]
    if curve is not None:
        helped = " The starter model's photos helped at every point and are not counted." if curve.with_starter else ""
        if curve.memorised:
            helped += f" The network itself was trained on {curve.memorised} of the photos, at every point."
        text = "Rising at the right end: more labelled photos still help. Flat: they bring little."
        figures.append((learning_scene(curve), text + helped))
    shown = [f"<figure>{svg(chart)}<figcaption>{escape(text)}</figcaption></figure>" for chart, text in figures]
    return "\n".join(["<h2>How sure it is, and what more photos bring</h2>", '<div class="figures">', *shown, "</div>"])


def _mistakes(evaluation: Evaluation, mistakes: Sequence[Mistake]) -> str:
    wrong = evaluation.photos - int(evaluation.right.sum())
    if not wrong:
        return "<h2>Every suggestion was right</h2>"
    some = f" The {len(mistakes):,} it was surest of:" if len(mistakes) < wrong else ""
    items = []
    for each in mistakes:
        picture = '<div class="none">no picture</div>'
        if each.jpeg is not None:
            data = base64.b64encode(each.jpeg).decode("ascii")
            picture = f'<img alt="{_shown(each.true)}" src="data:image/jpeg;base64,{data}">'
        words = (
            f"<b>{_shown(each.true)}</b>, taken for <b>{_shown(each.predicted)}</b> "
            f"(confidence {percent(each.confidence)})"
        )
        items.append(f'<li>{picture}<div>{words}</div><div class="soft">{_shown(each.path)}</div></li>')
    return "\n".join([f"<h2>Guessed wrong: {wrong:,}.{some}</h2>", '<ul class="mistakes">', *items, "</ul>"])


def _shown(text: str) -> str:
    """Escape a name for the page: HTML characters, control characters and undecodable bytes."""
    plain = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in text)
    return escape(plain)
