"""Reads the keywords of an XMP document, and where in its bytes they are.

Nothing outside the document is ever read, and a document type, which could define entities that grow without limit, is
refused.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from flowersorter.errors import FlowerSorterError
from flowersorter.messages import text
from flowersorter.photos.xmp.keywords import FIELD_NAMES, Entries, Field

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#: The history of darktable and the masks of Lightroom take a few megabytes at most.
MAX_BYTES = 16 << 20
_MAX_DEPTH = 200

TOO_LARGE = text("it is larger than {size} MB, which no sidecar of a photo is", size=MAX_BYTES >> 20)
_NOT_XML = text("it is damaged or not XMP")
_NO_RDF = text("it is XML without XMP in it")
_DOCUMENT_TYPE = text("it has a document type, which XMP never has")
_UNUSUAL = text("its keywords are written in a form that is not understood")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_BY_NAME = {(name.uri.rstrip("/"), name.name): key for key, name in FIELD_NAMES.items()}
_CONTAINERS = frozenset(("Bag", "Seq", "Alt"))


class XmpUnusable(FlowerSorterError):
    """An XMP document that cannot be used, or not be changed.

    Attributes:
        reason: For the person, lower case, without a full stop.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Element:
    """An element in the bytes of a document.

    Attributes:
        name: As it is written, with its prefix.
        start: Offset of its start tag.
        end: Offset behind its end.
        inner_end: Offset of its end tag; None where it is one tag, ``<a/>``.
    """

    name: str
    start: int
    end: int = 0
    inner_end: int | None = None


@dataclass(slots=True)
class Item(Element):
    """A value of an array: its text."""

    text: str = ""


@dataclass(slots=True)
class Array(Element):
    """The array of a property, with its values.

    Attributes:
        owner: The property.
    """

    owner: Element = field(default_factory=lambda: Element("", 0))
    items: list[Item] = field(default_factory=list)


@dataclass(slots=True)
class Document:
    """An XMP document.

    Attributes:
        data: Its bytes.
        encoding: The codec of its text.
        root: The element rdf:RDF.
        about: The subject of its descriptions, mostly "".
        last: The last element in `root`, None if that is empty.
        arrays: The arrays of each field with keywords, mostly one or none.
    """

    data: bytes
    encoding: str
    root: Element
    about: str
    last: Element | None
    arrays: dict[Field, list[Array]]

    @property
    def entries(self) -> Entries:
        """The keywords."""
        return {
            key: tuple(item.text for array in arrays for item in array.items) for key, arrays in self.arrays.items()
        }

    def encoded(self, characters: str) -> bytes:
        """Return text in the encoding of the document; what that lacks as character references."""
        return characters.encode(self.encoding, "xmlcharrefreplace")


def read_document(data: bytes) -> Document:
    """Read an XMP document.

    Raises:
        XmpUnusable: it is too large, not XMP, or has its keywords in an unusual form.
    """
    if len(data) > MAX_BYTES:
        raise XmpUnusable(TOO_LARGE)
    reader = _Reader(data)
    try:
        reader.read()
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise XmpUnusable(_NOT_XML) from error
    if reader.root is None:
        raise XmpUnusable(_NO_RDF)
    return Document(data, reader.encoding, reader.root, reader.about or "", reader.last, reader.arrays)


@dataclass(slots=True)
class _Open:
    """An element whose end is not read yet; `filled` says whether anything was read in it."""

    uri: str
    local: str
    element: Element
    filled: bool = False


class _Reader:
    """One pass over a document."""

    def __init__(self, data: bytes) -> None:
        self.encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "")
        self.root: Element | None = None
        self.about: str | None = None
        self.last: Element | None = None
        self.arrays: dict[Field, list[Array]] = {}
        self._data = data
        self._open: list[_Open] = []
        self._depth = -1  # of rdf:RDF among the open elements
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.namespace_prefixes = True
        self._parser.buffer_text = True
        self._parser.ordered_attributes = True
        self._parser.XmlDeclHandler = self._on_declaration
        self._parser.StartDoctypeDeclHandler = self._on_document_type
        self._parser.StartElementHandler = self._on_start
        self._parser.EndElementHandler = self._on_end
        self._parser.CharacterDataHandler = self._on_text

    def read(self) -> None:
        """Read everything."""
        if not self.encoding and self._data[:2] in (b"<\0", b"\0<"):
            self.encoding = "utf-16-le" if self._data[:1] == b"<" else "utf-16-be"
        try:
            self._parser.Parse(self._data, True)
        finally:
            # It knows this object. Where very many documents are read, the garbage collector often pauses.
            del self._parser
        self.encoding = self.encoding or "utf-8"

    def _on_declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if not self.encoding:
            self.encoding = codecs.lookup(encoding or "utf-8").name

    def _on_document_type(self, *_what: object) -> None:
        raise XmpUnusable(_DOCUMENT_TYPE)

    def _on_start(self, name: str, attributes: Sequence[str]) -> None:
        if len(self._open) >= _MAX_DEPTH:
            raise XmpUnusable(_NOT_XML)
        if self._open:
            self._open[-1].filled = True
        uri, local, written = _split(name)
        element = self._element(uri, local, Element(written, self._parser.CurrentByteIndex))
        if len(self._open) == self._depth + 1 and self.root is not None and self._depth >= 0:
            self._on_description(uri, local, attributes)
        self._open.append(_Open(uri, local, element))

    def _element(self, uri: str, local: str, element: Element) -> Element:
        """Return the element as what it is at its place."""
        level = len(self._open) - self._depth if self._depth >= 0 else 0
        if self.root is None and (uri, local) == (RDF, "RDF"):
            self._depth, self.root = len(self._open), element
        elif level == 1:
            self.last = element
        elif level == 3 and uri == RDF and local in _CONTAINERS:
            key = self._field()
            if key is not None:
                owner = self._open[-1].element
                element = Array(element.name, element.start, owner=owner)
                self.arrays.setdefault(key, []).append(element)
        elif level == 4 and (uri, local) == (RDF, "li") and isinstance(self._open[-1].element, Array):
            element = Item(element.name, element.start)
            self._open[-1].element.items.append(element)
        return element

    def _field(self) -> Field | None:
        """The field whose property is the innermost open element, within a description."""
        owner, above = self._open[-1], self._open[-2]
        is_described = (above.uri, above.local) == (RDF, "Description")
        return _BY_NAME.get((owner.uri.rstrip("/"), owner.local)) if is_described else None

    def _on_description(self, uri: str, local: str, attributes: Sequence[str]) -> None:
        if (uri, local) != (RDF, "Description"):
            return
        for name, value in zip(attributes[::2], attributes[1::2], strict=True):
            of, attribute, _ = _split(name)
            if attribute == "about" and of in (RDF, "") and self.about is None:
                self.about = value
            if (of.rstrip("/"), attribute) in _BY_NAME:
                raise XmpUnusable(_UNUSUAL)  # an array cannot be an attribute

    def _on_text(self, characters: str) -> None:
        if self._open:
            self._open[-1].filled = True
            element = self._open[-1].element
            if isinstance(element, Item):
                element.text += characters

    def _on_end(self, _name: str) -> None:
        ended = self._open.pop()
        element, at = ended.element, self._parser.CurrentByteIndex
        if not ended.filled and self._data[:at].endswith(self._encoded("/>")):
            element.end = at
        else:
            element.inner_end, element.end = at, self._behind_tag(at)
        if len(self._open) == self._depth:  # rdf:RDF itself has ended
            self._depth = -1
        elif len(self._open) == self._depth + 2 and self._depth >= 0:
            self._refuse_without_array(ended)

    def _refuse_without_array(self, ended: _Open) -> None:
        key = _BY_NAME.get((ended.uri.rstrip("/"), ended.local))
        owns = any(array.owner is ended.element for array in self.arrays.get(key, ())) if key is not None else True
        if not owns and (self._open[-1].uri, self._open[-1].local) == (RDF, "Description"):
            raise XmpUnusable(_UNUSUAL)

    def _behind_tag(self, at: int) -> int:
        """The offset behind the end tag that begins here; such a tag has no quotes."""
        closing = self._encoded(">")
        end = self._data.index(closing, at)
        while (end - at) % len(closing):  # between two characters of UTF-16
            end = self._data.index(closing, end + 1)
        return end + len(closing)

    def _encoded(self, characters: str) -> bytes:
        return characters.encode(self.encoding or "utf-8")


def _split(name: str) -> tuple[str, str, str]:
    """Namespace, local name and written name of an element or attribute, which expat joins with spaces."""
    match name.split(" "):
        case [uri, local, prefix]:
            return uri, local, f"{prefix}:{local}"
        case [uri, local]:
            return uri, local, local
        case _:
            return "", name, name
