"""Keywords are written into XMP byte for byte, and read from it, whatever is in it."""

from __future__ import annotations

import gc
import io
import struct
import zlib
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, IptcImagePlugin
from PIL.PngImagePlugin import PngInfo

from flowersorter.photos.xmp.document import MAX_BYTES, XmpUnusable, read_document
from flowersorter.photos.xmp.embedded import embedded_packets
from flowersorter.photos.xmp.iptc import iptc_keywords
from flowersorter.photos.xmp.keywords import NO_ENTRIES, Field, entries_of, levels_of, merged_entries, named_keywords
from flowersorter.photos.xmp.read import photo_keywords
from flowersorter.photos.xmp.splice import merged
from tests.unit.photos.xmp_documents import BARE, DARKTABLE, DIGIKAM, DOCUMENTS, ENCODINGS, LIGHTROOM, RDF, encoded

NAMES = ("Rose", "Rosa/canina", "a|b", "<&\"'>", "]]>", "Ä 🌹", "x" * 100, "CON", "a\ufffeb", "  spaced  ", "a//b")


def _only_inserted(before: bytes, after: bytes) -> bool:
    """Whether all bytes of a document are in another one, in their order."""
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return all(step[0] in {"equal", "insert"} for step in steps)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_keeps_every_byte_and_gets_the_keywords(name: str, encoding: str) -> None:
    before = encoded(DOCUMENTS[name], encoding)
    had = read_document(before).entries
    wanted = entries_of("Rosa/canina & co")
    result = merged(before, wanted)
    now = read_document(result.data).entries
    for field in Field:
        assert now[field] == (*had.get(field, ()), *wanted[field])
    if name in {"lightroom", "darktable"}:
        assert _only_inserted(before, result.data)
    else:  # the one tag "<r:Seq/>" became two
        assert result.data.startswith(before[: before.index(b"/\0>") if b"/\0>" in before else 40])
    again = merged(result.data, wanted, result.ours)
    assert again.data == result.data
    assert again.ours == result.ours
    if name == "digikam":
        text = result.data.decode(ENCODINGS[encoding][0])
        assert text.count("\n") == text.count("\r\n")


def test_documents_that_were_read_wait_for_no_garbage_collector() -> None:
    before = encoded(LIGHTROOM, next(iter(ENCODINGS)))
    merged(before, entries_of("Rose"))
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            merged(before, entries_of("Rose"))
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_another_class_replaces_our_keywords_only(encoding: str) -> None:
    before = encoded(LIGHTROOM, encoding)
    rose = merged(before, entries_of("trip/holiday"))  # "holiday" and the nested one are the person's
    assert rose.ours[Field.SUBJECT] == ("trip",)
    assert Field.HIERARCHICAL not in rose.ours
    tulip = merged(rose.data, entries_of("Tulip"), rose.ours)
    now = read_document(tulip.data).entries
    assert now[Field.SUBJECT] == ("holiday", "Rosa & friends", "Tulip")
    assert now[Field.HIERARCHICAL] == ("trip|holiday", "Tulip")
    assert now[Field.TAGS] == ("Tulip",)
    none = merged(tulip.data, NO_ENTRIES, tulip.ours)
    assert _only_inserted(before, none.data)
    assert read_document(none.data).entries == read_document(before).entries


def test_a_new_sidecar_is_whole() -> None:
    made = merged(None, entries_of("genus/species"))
    assert read_document(made.data).entries == {
        Field.SUBJECT: ("genus", "species"),
        Field.HIERARCHICAL: ("genus|species",),
        Field.TAGS: ("genus/species",),
        Field.MICROSOFT: ("genus/species",),
    }
    assert made.data.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<x:xmpmeta')
    assert made.data.count(b"rdf:Description") == 2


def test_other_encodings_are_kept_with_references_for_what_they_lack() -> None:
    before = DARKTABLE.replace("UTF-8", "ISO-8859-1").encode("latin-1")
    after = merged(before, entries_of("Ä 🌹")).data
    assert b"<rdf:li>\xc4 &#127801;</rdf:li>" in after
    assert read_document(after).entries[Field.SUBJECT] == ("Ä 🌹",)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is damaged or not XMP"),
        (b"\0" * 100, "it is damaged or not XMP"),
        (LIGHTROOM.encode()[:-40], "it is damaged or not XMP"),
        (b"<a>" * 100_000, "it is damaged or not XMP"),
        (b'<?xml version="1.0" encoding="shift_jis"?><a/>', "it is damaged or not XMP"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', "it is damaged or not XMP"),
        (b"<html/>", "it is XML without XMP in it"),
        (b" " * (MAX_BYTES + 1), "it is larger than 16 MB, which no sidecar of a photo is"),
    ],
)
def test_what_is_no_xmp_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(XmpUnusable) as refused:
        merged(data, entries_of("Rose"))
    assert refused.value.reason == why


@pytest.mark.parametrize("field", ["dc:subject", "dc:other"])
def test_keywords_in_an_unusual_form_are_not_lost(field: str) -> None:
    spaces = f'xmlns:rdf="{RDF}" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    forms = (
        f'<rdf:RDF {spaces}><rdf:Description rdf:about="" {field}="Rose"/></rdf:RDF>',
        f'<rdf:RDF {spaces}><rdf:Description rdf:about=""><{field}>Rose</{field}></rdf:Description></rdf:RDF>',
        f'<rdf:RDF {spaces}><rdf:Description rdf:about=""><{field} rdf:resource="a"/></rdf:Description></rdf:RDF>',
    )
    for form in forms:
        if field == "dc:other":
            assert merged(form.encode(), entries_of("Tulip")).ours
            continue
        with pytest.raises(XmpUnusable) as refused:
            merged(form.encode(), entries_of("Tulip"))
        assert refused.value.reason == "its keywords are written in a form that is not understood"


def test_no_entity_grows_and_no_file_outside_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    laughs = "".join(f'<!ENTITY l{i} "&l{i - 1};&l{i - 1};">' for i in range(1, 40))
    for doctype in (
        f'<!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]>',
        f'<!DOCTYPE a [<!ENTITY l39 SYSTEM "{secret.as_uri()}">]>',
        f'<!DOCTYPE a SYSTEM "{secret.as_uri()}">',
    ):
        document = doctype + BARE.replace("/>", ">&l39;</RDF>")
        with pytest.raises(XmpUnusable) as refused:
            read_document(document.encode())
        assert refused.value.reason == "it has a document type, which XMP never has"


@settings(max_examples=200, derandomize=True)
@given(
    name=st.text(min_size=1, max_size=30),
    others=st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=8), max_size=4),
    document=st.sampled_from([None, *DOCUMENTS]),
    encoding=st.sampled_from(list(ENCODINGS)),
)
def test_any_name_comes_back(name: str, others: list[str], document: str | None, encoding: str) -> None:
    before = None if document is None else encoded(DOCUMENTS[document], encoding)
    ours = merged(before, entries_of(name))
    for other in others:
        ours = merged(ours.data, entries_of(other), ours.ours)
    ours = merged(ours.data, entries_of(name), ours.ours)
    entries = read_document(ours.data).entries
    assert all(set(values) <= set(entries.get(field, ())) for field, values in entries_of(name).items())
    if before is not None:
        was = read_document(before).entries
        gone = merged(ours.data, NO_ENTRIES, ours.ours)
        assert {field: values for field, values in read_document(gone.data).entries.items() if values} == {
            field: values for field, values in was.items() if values
        }


@settings(max_examples=300, derandomize=True)
@given(data=st.binary(max_size=200), at=st.integers(0, 2000), document=st.sampled_from(list(DOCUMENTS)))
def test_any_bytes_are_read_or_refused(data: bytes, at: int, document: str) -> None:
    whole = DOCUMENTS[document].encode()
    for damaged in (data, whole[:at] + data + whole[at:], whole[:at] + data + whole[at + len(data) :]):
        try:
            result = merged(damaged, entries_of("Rose"))
        except XmpUnusable:
            continue
        assert "Rose" in read_document(result.data).entries[Field.SUBJECT]


@pytest.mark.parametrize("name", NAMES)
def test_a_class_is_known_again_by_its_keywords(name: str) -> None:
    entries = entries_of(name)
    assert named_keywords(entries) == ("/".join(levels_of(name)),)


def test_keywords_of_several_programs_are_one() -> None:
    entries = merged_entries(
        [
            {Field.SUBJECT: ("Rosa", "canina", "holiday")},
            {Field.HIERARCHICAL: ("Rosa|canina",), Field.SUBJECT: ("holiday",)},
            {Field.TAGS: ("Rosa/canina", "people")},
        ]
    )
    assert sorted(named_keywords(entries)) == ["Rosa/canina", "holiday", "people"]


def _photo(kind: str, packet: bytes, path: Path) -> Path:
    image = Image.new("RGB", (8, 8))
    if kind == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet.decode(), zip=packet[:1] == b" ")
        image.save(path, kind, pnginfo=info)
    elif kind == "TIFF":
        image.save(path, kind, tiffinfo={700: packet})
    else:
        image.save(path, kind, xmp=packet)
    return path


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("lead", ["", " \n"])
def test_keywords_inside_a_photo_are_read(kind: str, lead: str, tmp_path: Path) -> None:
    packet = (lead + LIGHTROOM).encode()
    path = _photo(kind, packet, tmp_path / "photo")
    assert embedded_packets(path) == [packet]
    entries, problems = photo_keywords(path, [])
    assert sorted(named_keywords(entries)) == ["Rosa & friends", "trip/holiday"]
    assert problems == ()


def test_keywords_of_a_dng_in_either_byte_order_are_read(tmp_path: Path) -> None:
    packet = LIGHTROOM.encode()
    for order, mark in (("<", b"II*\0"), (">", b"MM\0*")):
        tag = struct.pack(order + "HHIIHHIII", 50706, 1, 4, 1, 700, 1, len(packet), 100, 0)
        path = tmp_path / "a.dng"
        path.write_bytes((mark + struct.pack(order + "IH", 8, 2) + tag).ljust(100, b"\0") + packet)
        assert embedded_packets(path) == [packet]


def test_damaged_photos_have_no_keywords_and_hang_nothing(tmp_path: Path) -> None:
    whole = io.BytesIO()
    Image.new("RGB", (8, 8)).save(whole, "JPEG", xmp=LIGHTROOM.encode())
    bomb = zlib.compress(b" " * (MAX_BYTES + 100))
    chunk = b"XML:com.adobe.xmp\0\1\0\0\0" + bomb
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(chunk)) + b"iTXt" + chunk + b"\0\0\0\0"
    path = tmp_path / "a.jpg"
    for data in (
        whole.getvalue()[:100],
        b"\xff\xd8\xff" + b"\xff" * 1_000_000,
        png,
        b"II*\0\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff",
        b"",
        b"RIFF\0\0\0\0WEBP" + b"XMP \xff\xff\xff\xff",
    ):
        path.write_bytes(data)
        assert not any(photo_keywords(path, [])[0].values())
    (tmp_path / "folder.jpg").mkdir()
    assert embedded_packets(tmp_path / "folder.jpg") == []
    assert embedded_packets(tmp_path / "gone.jpg") == []


def test_a_sidecar_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    photo = _photo("JPEG", DIGIKAM.encode(), tmp_path / "a.jpg")
    good, bad, large, folder = (tmp_path / f"a{number}.xmp" for number in range(4))
    good.write_bytes(merged(None, entries_of("Rose")).data)
    bad.write_bytes(b"<x")
    with large.open("wb") as stream:
        stream.truncate(50 << 20)
    folder.mkdir()
    entries, problems = photo_keywords(photo, [good, bad, large, folder, tmp_path / "a.mov"])
    assert named_keywords(entries) == ("Rose",)
    assert [(path.name, why) for path, why in problems] == [
        ("a1.xmp", "it is damaged or not XMP"),
        ("a2.xmp", "it is larger than 16 MB, which no sidecar of a photo is"),
        ("a3.xmp", "it is a folder"),
    ]


def _iptc(*sets: tuple[int, int, bytes]) -> bytes:
    """Image resources with a thumbnail, then IPTC data."""
    data = b"".join(
        bytes((0x1C, record, number)) + struct.pack(">H", len(value)) + value for record, number, value in sets
    )
    resources = ((0x040C, b"thumb"), (0x0404, data))
    return b"".join(
        b"8BIM" + struct.pack(">H", number) + b"\0\0" + struct.pack(">I", len(each)) + each + b"\0" * (len(each) % 2)
        for number, each in resources
    )


@pytest.mark.parametrize(
    ("sets", "keywords"),
    [
        (((1, 90, b"\x1b%G"), (2, 25, "Rösa".encode()), (2, 5, b"title"), (2, 25, b"holiday")), ("Rösa", "holiday")),
        (((2, 25, "Rösa".encode("latin-1")),), ("Rösa",)),
        (((2, 25, "Rösa".encode()),), ("Rösa",)),
        (((2, 25, b""), (2, 25, b"a")), ("a",)),
    ],
)
def test_keywords_in_iptc_data_are_read(
    sets: tuple[tuple[int, int, bytes], ...], keywords: tuple[str, ...], tmp_path: Path
) -> None:
    path, block = tmp_path / "a.jpg", _iptc(*sets)
    assert iptc_keywords(block) == keywords
    whole = io.BytesIO()
    Image.new("RGB", (8, 8)).save(whole, "JPEG")
    segment = b"Photoshop 3.0\0" + block
    path.write_bytes(
        whole.getvalue()[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + whole.getvalue()[2:]
    )
    assert photo_keywords(path, [])[0][Field.SUBJECT] == keywords
    with Image.open(path) as opened:
        assert (2, 25) in (IptcImagePlugin.getiptcinfo(opened) or {})


@settings(max_examples=200, derandomize=True)
@given(data=st.binary(max_size=60), at=st.integers(0, 80))
def test_any_iptc_data_is_read_or_left(data: bytes, at: int) -> None:
    block = _iptc((2, 25, b"Rose"), (2, 25, b"holiday"))
    for damaged in (data, block[:at] + data + block[at:], block[:at] + data, b"8BIM\x04\x04" + data):
        assert all(isinstance(keyword, str) for keyword in iptc_keywords(damaged))
