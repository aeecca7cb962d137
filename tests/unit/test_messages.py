"""Messages of the engine: English by themselves, in another language where an edge sets a translator."""

from __future__ import annotations

import ast
import pickle
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flowersorter import errors
from flowersorter.errors import FolderUnusable, UserError
from flowersorter.messages import Text, joined_texts, plural, stored, text, worded
from flowersorter.photos.scan import check_folder
from tests.language import spoken
from tests.sources import SOURCES, name_of, tree_of

GERMAN = {
    "{number} photo": "{number} Bild",
    "{number} photos": "{number} Bilder",
    "Folder not found: {folder}": "Ordner nicht gefunden: {folder}",
    "Check the path": "Prüfen Sie den Pfad",
}


@pytest.fixture
def german() -> Iterator[None]:
    with spoken(GERMAN):
        yield


def test_a_text_is_its_english_sentence_and_keeps_template_and_values() -> None:
    made = text("{count} photos in {folder}", count=3, folder="a{b}")
    assert made == str(made) == worded(made) == "3 photos in a{b}"
    assert (made.template, made.values) == ("{count} photos in {folder}", {"count": 3, "folder": "a{b}"})


def test_a_text_survives_pickling() -> None:
    made = pickle.loads(pickle.dumps(text("{count} photos", count=3)))
    assert isinstance(made, Text)
    assert made.values == {"count": 3}


@pytest.mark.usefixtures("german")
def test_an_error_is_worded_in_the_language_of_the_edge(tmp_path: Path) -> None:
    with pytest.raises(FolderUnusable) as raised:
        check_folder(tmp_path / "gone")
    assert str(raised.value) == f"Ordner nicht gefunden: {tmp_path / 'gone'}. Prüfen Sie den Pfad."
    assert raised.value.what == f"Folder not found: {tmp_path / 'gone'}"


@pytest.mark.usefixtures("german")
def test_a_plain_string_and_an_unknown_template_stay_english() -> None:
    assert (
        str(UserError("The disk {0} is full", text("{free} free", free="1 MB"))) == "The disk {0} is full: 1 MB free."
    )


def test_an_error_raised_before_the_translator_was_set_is_translated_too() -> None:
    error = UserError(text("Check the path"))
    with spoken(GERMAN):
        assert str(error) == "Prüfen Sie den Pfad."
    assert str(error) == "Check the path."


@pytest.mark.parametrize(
    ("number", "english", "translated"),
    [(0, "0 photos", "0 Bilder"), (1, "1 photo", "1 Bild"), (2, "2 photos", "2 Bilder")],
)
def test_a_number_decides_the_form(number: int, english: str, translated: str) -> None:
    made = plural("{number} photo", "{number} photos", number)
    assert made == worded(made) == english
    with spoken(GERMAN):
        assert worded(made) == worded(pickle.loads(pickle.dumps(made))) == translated


@pytest.mark.usefixtures("german")
def test_a_text_inside_a_text_is_translated_too() -> None:
    outer = text("{problem}!", problem=text("Check the path"))
    assert outer == "Check the path!"
    assert worded(outer) == "Prüfen Sie den Pfad!"


@pytest.mark.usefixtures("german")
def test_texts_in_a_row_are_translated_one_by_one() -> None:
    made = joined_texts(": ", "a{b}.jpg", text("Check the path"))
    assert made == "a{b}.jpg: Check the path"
    assert worded(made) == worded(pickle.loads(pickle.dumps(made))) == "a{b}.jpg: Prüfen Sie den Pfad"


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(
    ("english", "translated"), [("Check the path", "Prüfen Sie den Pfad"), ("a {b} {", "a {b} {"), ("", "")]
)
def test_a_message_from_the_library_is_translated_inside_another(english: str, translated: str) -> None:
    made = text("{problem}!", problem=stored(english))
    assert made == f"{english}!"
    assert worded(made) == f"{translated}!"


def test_the_library_takes_a_text_as_its_english_sentence() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        found = database.execute("SELECT ?", (text("{count} photos", count=3),)).fetchone()[0]
    assert (type(found), found) == (str, "3 photos")


ERRORS = {
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.UserError)
} | {"Progress"}


def bare_texts(node: ast.expr) -> Iterator[ast.expr]:
    """Return the literals and f-strings that an argument may be."""
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        if not isinstance(node, ast.Constant) or node.value:
            yield node
    elif isinstance(node, ast.IfExp):
        yield from (*bare_texts(node.body), *bare_texts(node.orelse))
    elif isinstance(node, ast.BoolOp):
        yield from (bare for value in node.values for bare in bare_texts(value))


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, node


def test_errors_and_stages_are_translatable() -> None:
    bare = []
    for path in SOURCES:
        for name, call in calls(tree_of(path)):
            arguments = [*call.args, *(word.value for word in call.keywords)]
            texts: list[ast.expr] = []
            if name in ERRORS:
                texts = [each for argument in arguments for each in bare_texts(argument)]
            elif name in TEMPLATES_AT:
                texts = [each for each in call.args[: TEMPLATES_AT[name]] if isinstance(each, ast.JoinedStr)]
            bare += [f"{name_of(path)}:{call.lineno} {ast.unparse(each)}" for each in texts]
    assert bare == [], "write text(...) around them, with a named field for each value"


TEMPLATES_AT = {"text": 1, "plural": 2}
"""How many first arguments of each function are templates."""


def hidden_templates_of(path: Path) -> Iterator[str]:
    """The templates of a module that no extractor finds, and those that an f-string writes in English."""
    for name, call in calls(tree_of(path)):
        for template in call.args[: TEMPLATES_AT.get(name, 0)]:
            if not (isinstance(template, ast.Constant) and isinstance(template.value, str)):
                yield f"{name_of(path)}:{call.lineno} {ast.unparse(template)} is no literal, so no extractor finds it"
    for node in (each for each in ast.walk(tree_of(path)) if isinstance(each, ast.JoinedStr)):
        for part in node.values:
            if (
                isinstance(part, ast.FormattedValue)
                and isinstance(part.value, ast.Call)
                and isinstance(part.value.func, ast.Name)
                and part.value.func.id in {*TEMPLATES_AT, "joined_texts", "stored"}
            ):
                written = ast.unparse(part.value)
                yield f"{name_of(path)}:{node.lineno} an f-string writes {written} in English; give it to a template"


def test_templates_are_literals_and_stay_translatable() -> None:
    assert [each for path in SOURCES for each in hidden_templates_of(path)] == []
