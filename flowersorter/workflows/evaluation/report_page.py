"""Writes an evaluation as one self-contained HTML page: figures as SVG, mistakes as small pictures.

Its texts are in the person's language.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

import flowersorter
from flowersorter.domain.figures import percent
from flowersorter.messages import Text, language, plural, text, worded
from flowersorter.workflows.evaluation.charts.builders import calibration_scene, confidence_scene, learning_scene
from flowersorter.workflows.evaluation.charts.svg import STYLE as CHART_STYLE
from flowersorter.workflows.evaluation.charts.svg import svg
from flowersorter.workflows.evaluation.evaluate import Evaluation
from flowersorter.workflows.evaluation.learning_curve import LearningCurve

#: A policy that keeps the page from loading or running anything, whatever a name in it contains.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
#: Most classes for a matrix with a cell for every pair; most pairs listed with more classes.
_MOST_IN_MATRIX, _MOST_PAIRS = 60, 100
#: Around a bold name until it is escaped; no name holds them, see `_plain`.
_BOLD, _NOT_BOLD = "\x02", "\x03"
_CONFUSED = text("Which classes it confuses")
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
    right, unread = int(evaluation.right.sum()), len(evaluation.unreadable)
    facts = [
        text("Measured on {how}.", how=_plain(evaluation.how)),
        text("{right} of {photos} were right.", right=f"{right:,}", photos=f"{evaluation.photos:,}"),
    ]
    if unread:
        facts.append(
            plural("1 photo could not be read.", "{count} photos could not be read.", unread, count=f"{unread:,}")
        )
    facts.append(text("Written by FlowerSorter {version}.", version=flowersorter.__version__))
    return "\n".join([
        "<!DOCTYPE html>",
        f'<html lang="{language().replace("_", "-")}">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_html(text('Accuracy'))} – FlowerSorter</title>",
        f"<style>{_STYLE}{CHART_STYLE}</style>",
        "</head>",
        "<body>",
        f"<h1>{_html(headline(evaluation))}</h1>",
        _soft(*facts),
    ])  # fmt: skip


def _classes(evaluation: Evaluation) -> str:
    photos, predictions = evaluation.confusion.sum(axis=1), evaluation.confusion.sum(axis=0)
    rows = []
    for at, name in enumerate(evaluation.class_names):
        right, recall, precision = (
            int(evaluation.confusion[at, at]),
            percent(float(evaluation.recall[at])),
            percent(float(evaluation.precision[at])),
        )
        values = {"name": _plain(name), "right": right}
        found = text(
            "Of the photos of {name}, {share} were found ({right} of {photos})",
            share=recall,
            photos=photos[at],
            **values,
        )
        called = text(
            "Of the photos suggested as {name}, {share} are ({right} of {photos})",
            share=precision,
            photos=predictions[at],
            **values,
        )
        rows.append(
            f'<tr><th scope="row">{_shown(name)}</th><td>{photos[at]:,}</td>'
            f'<td title="{_html(found)}">{recall}</td><td title="{_html(called)}">{precision}</td></tr>'
        )
    explained = text(
        "Found: the share of a class's photos that were recognised (recall). "
        "Right when suggested: the share of photos given this name that really are (precision)."
    )
    heads = (text("Class"), text("Photos"), text("Found"), text("Right when suggested"))
    return _table(text("Classes"), explained, _heads(*map(_html, heads)), rows)


def _matrix(evaluation: Evaluation) -> str:
    names = evaluation.class_names
    if len(names) > _MOST_IN_MATRIX:
        return _confused_pairs(evaluation, [_shown(name) for name in names])
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
            called = {"name": _plain(name), "called": _plain(names[across])}
            words = text("{count} of {name}, suggested as {called}", count=count, **called)
            cells.append(f'<td style="background: {colour}" title="{_html(words)}">{count:,}</td>')
        rows.append(f'<tr><th scope="row">{_shown(name)}</th>{"".join(cells)}</tr>')
    head = "<td></td>" + _heads(*map(_shown, names))
    sides = text("Confirmed classes (rows) against suggested classes (columns)")
    return _table(_CONFUSED, sides, head, rows, kind=' class="matrix"')


def _confused_pairs(evaluation: Evaluation, names: Sequence[str]) -> str:
    """The most frequent mistakes, in place of a matrix that is too large to show."""
    wrong = evaluation.confusion.copy()
    np.fill_diagonal(wrong, 0)
    photos = evaluation.confusion.sum(axis=1)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_PAIRS]
    pairs = [divmod(cell, len(names)) for cell in order.tolist() if wrong.flat[cell]]
    rows = [
        f'<tr><th scope="row">{names[true]}</th><td>{names[called]}</td><td>'
        + _html(text("{count} of {photos}", count=f"{wrong[true, called]:,}", photos=f"{photos[true]:,}"))
        + "</td></tr>"
        for true, called in pairs
    ]
    listed = plural(
        "The most frequent mistake. A report that ends in .csv has all of them.",
        "The {number} most frequent mistakes. A report that ends in .csv has all of them.",
        len(pairs),
    )
    heads = (text("Class"), text("Suggested as"), text("Photos"))
    return _table(_CONFUSED, listed, _heads(*map(_html, heads)), rows)


def _table(title: Text, explained: Text, head: str, rows: Sequence[str], kind: str = "") -> str:
    """A section with a table.

    Args:
        title: Of the section.
        explained: The sentences above the table.
        head: The cells of its head, in HTML.
        rows: Its rows, in HTML.
        kind: Attributes of the table.
    """
    return "\n".join([
        f"<h2>{_html(title)}</h2>",
        _soft(explained),
        f'<div class="scroll"><table{kind}><thead><tr>{head}</tr></thead><tbody>',
        *rows,
        "</tbody></table></div>",
    ])  # fmt: skip


def _heads(*cells: str) -> str:
    return "".join(f'<th scope="col">{cell}</th>' for cell in cells)


def _figures(evaluation: Evaluation, curve: LearningCurve | None) -> str:
    title = text("Confidence")
    calibration = [
        text("On the diagonal, accuracy and confidence are equal."),
        text("On average its confidence is off by {error}.", error=percent(evaluation.calibration_error)),
    ]
    figures = [
        (calibration_scene(evaluation.bins), calibration),
        (
            confidence_scene(evaluation.histogram),
            [text("Wrong suggestions should be few, and their confidence should be low.")],
        ),
    ]
    if curve is not None:
        title = text("Confidence, and the gain from more photos")
        words = [text("If it still rises at the right end, more labelled photos help. If it is flat, they hardly do.")]
        if curve.with_starter:
            words.append(text("The starter model's photos were used at every point but are not counted."))
        if curve.memorised:
            words.append(
                text(
                    "The network itself was trained on {count} of the photos, so it had seen them at every point.",
                    count=f"{curve.memorised:,}",
                )
            )
        figures.append((learning_scene(curve), words))
    shown = [
        f"<figure>{svg(chart)}<figcaption>{' '.join(map(_html, words))}</figcaption></figure>"
        for chart, words in figures
    ]
    return "\n".join([f"<h2>{_html(title)}</h2>", '<div class="figures">', *shown, "</div>"])


def _mistakes(evaluation: Evaluation, mistakes: Sequence[Mistake]) -> str:
    wrong = evaluation.photos - int(evaluation.right.sum())
    if not wrong:
        return f"<h2>{_html(text('Every suggestion was right'))}</h2>"
    title = plural("1 wrong suggestion", "{count} wrong suggestions", wrong, count=f"{wrong:,}")
    if len(mistakes) < wrong:
        title = text("{title}. The {count} with the highest confidence:", title=title, count=f"{len(mistakes):,}")
    items = []
    for each in mistakes:
        picture = f'<div class="none">{_html(text("no picture"))}</div>'
        if each.jpeg is not None:
            data = base64.b64encode(each.jpeg).decode("ascii")
            picture = f'<img alt="{_shown(each.true)}" src="data:image/jpeg;base64,{data}">'
        words = text(
            "{true}, suggested as {predicted} (confidence {confidence})",
            true=_bold(each.true),
            predicted=_bold(each.predicted),
            confidence=percent(each.confidence),
        )
        items.append(f'<li>{picture}<div>{_html(words)}</div><div class="soft">{_shown(each.path)}</div></li>')
    return "\n".join([f"<h2>{_html(title)}</h2>", '<ul class="mistakes">', *items, "</ul>"])


def _soft(*sentences: Text) -> str:
    return f'<p class="soft">{" ".join(map(_html, sentences))}</p>'


def _bold(name: str) -> str:
    """A name that `_html` makes bold."""
    return f"{_BOLD}{_plain(name)}{_NOT_BOLD}"


def _html(message: Text) -> str:
    """Word a message in the person's language and escape it; names in it went through `_plain` or `_bold`."""
    return escape(worded(message)).replace(_BOLD, "<b>").replace(_NOT_BOLD, "</b>")


def _shown(name: str) -> str:
    """Escape a name for the page: HTML characters, control characters and undecodable bytes."""
    return escape(_plain(name))


def _plain(name: str) -> str:
    """A name on one line: control characters and undecodable bytes become escapes."""
    shown = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in name)
    return name if shown == name else shown
