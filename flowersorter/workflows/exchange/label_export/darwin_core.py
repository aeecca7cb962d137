"""Writes labels and suggestions as a Darwin Core archive: one occurrence a photo, with the photo as its multimedia."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import BinaryIO
from xml.sax.saxutils import escape, quoteattr

from flowersorter import __version__
from flowersorter.domain.label import LabelOrigin
from flowersorter.messages import plural
from flowersorter.workflows.exchange.label_export.label_rows import ExportRows, ExportTable, LabelRow
from flowersorter.workflows.exchange.label_export.place import PhotoPlace
from flowersorter.workflows.exchange.label_export.zip_tables import TableFile, media_type, new_archive

_DWC, _DC = "http://rs.tdwg.org/dwc/terms/", "http://purl.org/dc/terms/"
_OCCURRENCE = (
    "occurrenceID basisOfRecord eventDate scientificName verbatimIdentification identifiedBy "
    "identificationVerificationStatus identificationRemarks decimalLatitude decimalLongitude geodeticDatum "
    "occurrenceStatus"
)
OCCURRENCE = tuple(_OCCURRENCE.split())
MULTIMEDIA = ("occurrenceID", "type", "format", "identifier", "created")
_STATUS = {LabelOrigin.PERSON: "verified by a person", LabelOrigin.FOLDER: "from the class folder", None: "unverified"}
_DIGITS = 4


def write_darwin_core(table: ExportTable, rows: ExportRows, file: BinaryIO, place: PhotoPlace | None) -> str:
    """Write the archive. Photos without a class are left out; copies of a photo are one occurrence.

    Args:
        table: The photos.
        rows: Their rows.
        file: The archive.
        place: Where the photos were taken, if it is known.

    Returns:
        How many photos are left out, in words; "" for none.
    """
    seen: set[bytes] = set()
    with new_archive(file) as archive, TableFile(OCCURRENCE) as occurrences, TableFile(MULTIMEDIA) as media:
        for row in rows:
            if not row.class_name or not row.sha256:
                rows.leave_out(row)
                continue
            occurrence = f"urn:sha256:{row.sha256.hex()}"
            if row.sha256 not in seen:
                seen.add(row.sha256)
                occurrences.add(*_occurrence(table, row, occurrence, place))
            media.add(occurrence, "StillImage", media_type(row.file), row.file, row.taken_at or None)
        occurrences.save(archive, "occurrence.txt")
        media.save(archive, "multimedia.txt")
        archive.writestr("meta.xml", _META)
        archive.writestr("eml.xml", _eml(table.folder.name or "photos"))
    if not rows.left_out:
        return ""
    return plural(
        "{number} photo without a class is left out", "{number} photos without a class are left out", rows.left_out
    )


def _occurrence(table: ExportTable, row: LabelRow, occurrence: str, place: PhotoPlace | None) -> tuple[object, ...]:
    model = "" if table.model is None else f", model {table.model.name}"
    by_model = row.by is None
    remark = f"suggestion, {row.verdict.word}, probability {row.top[0][1]:.{_DIGITS}f}" if by_model else "label"
    return (
        *(occurrence, "HumanObservation", row.taken_at or None, row.class_name, row.class_name),
        f"FlowerSorter {__version__}{model}" if by_model else None,
        *(_STATUS[row.by], remark),
        *((None, None, None) if place is None else (place.latitude, place.longitude, "WGS84")),
        "present",
    )


def _fields(names: Sequence[str], terms: dict[str, str]) -> str:
    lines = (
        f'    <field index="{index}" term={quoteattr(terms.get(name, _DWC + name))}/>'
        for index, name in enumerate(names)
        if index or name not in terms
    )
    return "\n".join(lines)


def _part(tag: str, row_type: str, file: str, key: str, fields: str) -> str:
    return (
        f'  <{tag} encoding="UTF-8" linesTerminatedBy="\\n" fieldsTerminatedBy="," fieldsEnclosedBy="&quot;"'
        f' ignoreHeaderLines="1" rowType="{row_type}">\n'
        f"    <files><location>{file}</location></files>\n"
        f'    <{key} index="0"/>\n{fields}\n  </{tag}>\n'
    )


_MULTIMEDIA_TERMS = {name: _DC + name for name in MULTIMEDIA[1:]}
_META = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<archive xmlns="http://rs.tdwg.org/dwc/text/" metadata="eml.xml">\n'
    + _part("core", _DWC + "Occurrence", "occurrence.txt", "id", _fields(OCCURRENCE, {}))
    + _part(
        "extension",
        "http://rs.gbif.org/terms/1.0/Multimedia",
        "multimedia.txt",
        "coreid",
        _fields(MULTIMEDIA, {MULTIMEDIA[0]: "", **_MULTIMEDIA_TERMS}),
    )
    + "</archive>\n"
)


def _eml(title: str) -> str:
    """The least description that an archive needs; people complete it before they publish it."""
    shown = escape("".join(character if character.isprintable() else "?" for character in title))
    shown = shown.encode("utf-8", "replace").decode()
    day = datetime.now(UTC).date().isoformat()
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<eml:eml xmlns:eml="https://eml.ecoinformatics.org/eml-2.2.0" packageId="flowersorter" system="FlowerSorter"'
        f' scope="system">\n  <dataset>\n    <title>{shown}</title>\n'
        "    <creator><organizationName>FlowerSorter</organizationName></creator>\n"
        f"    <pubDate>{day}</pubDate>\n"
        "    <contact><organizationName>FlowerSorter</organizationName></contact>\n  </dataset>\n</eml:eml>\n"
    )
