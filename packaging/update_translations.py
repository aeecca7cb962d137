"""Brings the catalogues in ``flowersorter/locale`` up to date with the texts of the program.

    python packaging/update_translations.py         # every language
    python packaging/update_translations.py fr      # French, also where there is no catalogue of it yet

Keeps translations, adds new texts without one, drops texts that are gone, lists what is not translated, and ends with 1
where something is not.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "flowersorter"
sys.path.insert(0, str(ROOT))

from flowersorter.translations import LOCALE_FOLDER, entries  # noqa: E402 - found beside this script

#: The arguments that are templates, by function: those of `messages`, of Qt, and marks of texts that are translated
#: where they are shown.
TEMPLATES = {
    "text": slice(0, 1),
    "plural": slice(0, 2),
    "tr": slice(0, 1),
    "_tr": slice(0, 1),
    "_t": slice(0, 1),
    "_tile_text": slice(0, 1),
    "translate": slice(1, 2),
}
_NEW_HEADER = """\
# FlowerSorter in {language}. Words, one for one thing:
#
# photo = ..., class = ..., label = ..., suggestion = ..., collection = ...

msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"""

Template = tuple[str, ...]


def templates() -> dict[Template, str]:
    """Every text of the program, singular and plural together, with the file where it stands first."""
    found: dict[Template, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for template in templates_in(path.read_text(encoding="utf-8")):
            found.setdefault(template, path.relative_to(PACKAGE).as_posix())
    plurals = {template[0] for template in found if len(template) > 1}
    return {template: file for template, file in found.items() if len(template) > 1 or template[0] not in plurals}


def templates_in(source: str) -> Iterator[Template]:
    """The texts of one module, in the order of its lines."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        literals = [each.value for each in call.args[TEMPLATES.get(name, slice(0))] if isinstance(each, ast.Constant)]
        template = tuple(each for each in literals if isinstance(each, str))
        if template and all(template):
            yield template


def updated(catalogue: str, wanted: dict[Template, str]) -> tuple[str, list[Template]]:
    """A catalogue with these texts, and those of them without a translation."""
    head, _, _ = catalogue.partition("\n#: ")
    known = dict(entries(catalogue))
    of_one = {ids[0]: strings for ids, strings in known.items()}
    blocks, missing = [head.rstrip("\n") + "\n"], []
    for template, file in wanted.items():
        strings = known.get(template) or of_one.get(template[0], ())
        if len(strings) < len(template) or not all(strings):
            missing.append(template)
            strings = ("",) * len(template)
        blocks.append(_block(template, strings, file))
    return "\n".join(blocks), missing


def _block(template: Template, strings: Template, file: str) -> str:
    lines = [f"#: {file}", f"msgid {_quoted(template[0])}"]
    if len(template) > 1:
        lines += [f"msgid_plural {_quoted(template[1])}"]
        lines += [f"msgstr[{number}] {_quoted(string)}" for number, string in enumerate(strings)]
    else:
        lines.append(f"msgstr {_quoted(strings[0])}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    lines = [f'"{line}"' for line in escaped.replace("\n", "\\n\n").split("\n") if line]
    return "\n".join(['""', *lines] if len(lines) > 1 else lines or ['""'])


def main() -> int:
    """Update the catalogues; return 1 where a text is not translated."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", nargs="*", help="such as fr or pt_BR (default: those that are there)")
    chosen = parser.parse_args().language
    wanted, complete = templates(), True
    for file in [LOCALE_FOLDER / f"{each}.po" for each in chosen] or sorted(LOCALE_FOLDER.glob("*.po")):
        there = file.read_text(encoding="utf-8") if file.exists() else _NEW_HEADER.format(language=file.stem)
        catalogue, missing = updated(there, wanted)
        file.write_text(catalogue, encoding="utf-8", newline="\n")
        for template in missing:
            print(f"{file.name}, {wanted[template]}: {template[0]!r}")
        print(f"{file.name}: {len(wanted) - len(missing)} of {len(wanted)} texts translated")
        complete = complete and not missing
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())
