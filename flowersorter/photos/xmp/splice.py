"""Writes keywords into an XMP document: only the bytes of the keywords are inserted or removed, all others stay.

Encoding, line ends, indentation, order and everything that other programs keep there are as before. A document without
a field gets it in an rdf:Description of its own, behind the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from flowersorter.messages import text
from flowersorter.photos.xmp.document import RDF, Array, Document, Element, Item, XmpUnusable, read_document
from flowersorter.photos.xmp.keywords import FIELD_NAMES, NO_ENTRIES, Entries, Field

_SPACES = " \t\r\n"
_NOT_WRITTEN = text("keywords cannot be written into it without changing other things")
_NEW = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    f' <rdf:RDF xmlns:rdf="{RDF}">\n'
    ' <rdf:Description rdf:about=""/>\n'
    " </rdf:RDF>\n"
    "</x:xmpmeta>\n"
)
_STUB = ' <rdf:Description rdf:about=""/>\n'


@dataclass(frozen=True, slots=True)
class Merged:
    """A document with the keywords of a class.

    Attributes:
        data: Its bytes.
        ours: The keywords in it that this program wrote, now or before.
    """

    data: bytes
    ours: Entries


@dataclass(frozen=True, slots=True)
class _Edit:
    """Bytes to be replaced: none of them for an insertion."""

    start: int
    end: int
    new: bytes = b""


def merged(data: bytes | None, wanted: Entries, former: Entries = NO_ENTRIES) -> Merged:
    """Write keywords into a document.

    Args:
        data: The document; None for a new one.
        wanted: The keywords that it shall have.
        former: Those that this program wrote before: those that are not wanted any more are removed.

    Returns:
        The document, with the bytes that were given where nothing changes.

    Raises:
        XmpUnusable: it is not XMP, or the keywords cannot be written into it.
    """
    before = data if data is not None else _NEW.encode()
    document = read_document(before)
    edits: list[_Edit] = []
    missing: dict[Field, tuple[str, ...]] = {}
    ours: dict[Field, tuple[str, ...]] = {}
    expected: dict[Field, list[str]] = {}
    for field in Field:
        present = document.entries.get(field, ())
        removed = set(former.get(field, ())) - set(wanted.get(field, ()))
        added = tuple(value for value in wanted.get(field, ()) if value not in present)
        kept = set(former.get(field, ())) & set(present)
        ours[field] = tuple(value for value in wanted.get(field, ()) if value in added or value in kept)
        expected[field] = [value for value in present if value not in removed] + list(added)
        if field in document.arrays:
            edits += _in_arrays(document, document.arrays[field], removed, added)
        elif added:
            missing[field] = added
    if missing:
        edits.append(_new_description(document, missing))
    after = _applied(before, edits)
    if data is None:
        after = after.replace(_STUB.encode(), b"")
    _check(after, expected)
    return Merged(after, {field: values for field, values in ours.items() if values})


def _in_arrays(document: Document, arrays: Sequence[Array], removed: set[str], added: Sequence[str]) -> list[_Edit]:
    """Remove and add values; a property that is left with no value goes too."""
    edits = []
    for array in arrays:
        going = [item for item in array.items if item.text in removed]
        adds = added if array is arrays[0] else ()
        if going and len(going) == len(array.items) and not adds:
            edits.append(_Edit(_space_before(document, array.owner), array.owner.end))
            continue
        edits += [_Edit(_space_before(document, item), item.end) for item in going]
        if adds:
            edits.append(_appended(document, array, adds))
    return edits


def _appended(document: Document, array: Array, added: Sequence[str]) -> _Edit:
    """Add values behind the last one, with the space before them that it has."""
    prefix = array.name.rpartition(":")[0]
    name = f"{prefix}:li" if prefix else "li"
    values = [document.encoded(f"<{name}>{_escaped(value)}</{name}>") for value in added]
    if array.items:
        last: Item = array.items[-1]
        space = document.data[_space_before(document, last) : last.start]
        return _Edit(last.end, last.end, b"".join(space + value for value in values))
    return _filled(document, array, b"".join(values))


def _filled(document: Document, element: Element, content: bytes) -> _Edit:
    """Put content at the end of an element, which may be one tag so far."""
    if element.inner_end is not None:
        return _Edit(element.inner_end, element.inner_end, content)
    slash = element.end - len(document.encoded("/>"))
    return _Edit(slash, element.end, document.encoded(">") + content + document.encoded(f"</{element.name}>"))


def _new_description(document: Document, missing: Mapping[Field, Sequence[str]]) -> _Edit:
    """Put fields into a description of their own, behind the last one and indented as it is."""
    root, last = document.root, document.last
    prefix = root.name.rpartition(":")[0]
    space = "" if last is None else document.data[_space_before(document, last) : last.start].decode(document.encoding)
    newline = "\r\n" if "\r\n" in space else ("\n" if "\n" in space else "")
    block = _description(document.about, prefix, missing, newline, space.rpartition("\n")[2] if newline else "")
    if last is None:
        return _filled(document, root, document.encoded(block))
    return _Edit(last.end, last.end, document.encoded(newline + block))


def _description(about: str, prefix: str, fields: Mapping[Field, Sequence[str]], newline: str, indent: str) -> str:
    """Word a description; `newline` is "" where the document is one line."""
    step = " " if newline else ""
    # The default namespace does not hold for attributes.
    rdf, declared = (prefix, "") if prefix else ("rdf", f' xmlns:rdf="{RDF}"')
    names = [FIELD_NAMES[field] for field in fields]
    spaces = "".join(f" xmlns:{name.prefix}={_attribute(name.uri)}" for name in names)
    lines = [f"{indent}<{rdf}:Description{declared} {rdf}:about={_attribute(about)}{spaces}>"]
    for name, values in zip(names, fields.values(), strict=True):
        lines.append(f"{indent}{step}<{name.prefix}:{name.name}>")
        lines.append(f"{indent}{step * 2}<{rdf}:{name.container}>")
        lines += [f"{indent}{step * 3}<{rdf}:li>{_escaped(value)}</{rdf}:li>" for value in values]
        lines.append(f"{indent}{step * 2}</{rdf}:{name.container}>")
        lines.append(f"{indent}{step}</{name.prefix}:{name.name}>")
    lines.append(f"{indent}</{rdf}:Description>")
    return newline.join(lines)


def _space_before(document: Document, element: Element) -> int:
    """Offset of the white space directly before an element."""
    at, width = element.start, len(document.encoded(" "))
    spaces = {document.encoded(space) for space in _SPACES}
    while at >= width and document.data[at - width : at] in spaces:
        at -= width
    return at


def _applied(data: bytes, edits: Sequence[_Edit]) -> bytes:
    parts, at = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < at:
            raise XmpUnusable(_NOT_WRITTEN)
        parts += [data[at : edit.start], edit.new]
        at = edit.end
    return b"".join([*parts, data[at:]])


def _check(data: bytes, expected: Mapping[Field, Sequence[str]]) -> None:
    """Read the result: it must be XMP with exactly these keywords.

    Raises:
        XmpUnusable: it is not.
    """
    found = read_document(data).entries
    if any(sorted(found.get(field, ())) != sorted(values) for field, values in expected.items()):
        raise XmpUnusable(_NOT_WRITTEN)


def _escaped(value: str) -> str:
    return escape(value, {"\r": "&#13;"})


def _attribute(value: str) -> str:
    return '"' + escape(value, {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}) + '"'
