"""Catalogues: found by the person's language, for engine, terminal and window alike."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo

from flowersorter import translations
from flowersorter.messages import plural, set_translations, text, worded
from flowersorter.translations import use_translations

PACKAGE = Path(translations.__file__).parent
#: As in CONTRIBUTING's command.
KEYWORDS = {"text": None, "plural": (1, 2), "tr": None, "_tr": None, "_t": None, "translate": (2,)}


@pytest.fixture
def polish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    catalog = Catalog(locale="pl")
    catalog.add(("{number} photo", "{number} photos"), ("{number} zdjęcie", "{number} zdjęcia", "{number} zdjęć"))
    catalog.add("Folder not found: {folder}", "Nie ma folderu: {folder}")
    compiled = BytesIO()
    write_mo(compiled, catalog)
    folder = tmp_path / "pl" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "flowersorter.mo").write_bytes(compiled.getvalue())
    monkeypatch.setattr(translations, "LOCALE_FOLDER", tmp_path)
    for variable in ("FLOWERSORTER_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    yield
    set_translations(None)


@pytest.mark.usefixtures("polish")
def test_a_language_with_three_plural_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "pl_PL.UTF-8")
    assert use_translations() is not None
    counts = [worded(plural("{number} photo", "{number} photos", number)) for number in (1, 3, 5)]
    assert counts == ["1 zdjęcie", "3 zdjęcia", "5 zdjęć"]
    assert worded(text("Folder not found: {folder}", folder="a")) == "Nie ma folderu: a"


@pytest.mark.usefixtures("polish")
@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"FLOWERSORTER_LANGUAGE": "pl", "LANG": "en_US.UTF-8"}, True),
        ({"FLOWERSORTER_LANGUAGE": "en", "LANG": "pl_PL.UTF-8"}, False),
        ({"LANGUAGE": "xx:pl"}, True),
        ({"LANGUAGE": "en:pl"}, False),
        ({"LANG": "C.UTF-8"}, False),
        ({"LANG": "xx_YY.UTF-8"}, False),
    ],
)
def test_the_language_of_the_program_comes_before_that_of_the_system(
    variables: dict[str, str], found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert (use_translations() is not None) == found


@pytest.mark.usefixtures("polish")
def test_a_damaged_catalogue_leaves_the_texts_english() -> None:
    (translations.LOCALE_FOLDER / "pl" / "LC_MESSAGES" / "flowersorter.mo").write_bytes(b"no catalogue")
    assert use_translations(["pl"]) is None


def test_every_kind_of_text_is_extracted_for_translators() -> None:
    found: set[str] = set()
    for _, _, message, _, _ in extract_from_dir(PACKAGE, [("**.py", "python")], keywords=KEYWORDS):
        found.update([message] if isinstance(message, str) else message)
    assert {"Folder not found: {folder}", "Rescan Fo&lder", "Checking for an interrupted sort"} <= found
    calls = [
        call
        for source in PACKAGE.rglob("*.py")
        for call in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "text" and call.args
    ]
    assert {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)} <= found
