"""Writes labels and suggestions as a Camera Trap Data Package (Camtrap DP 1.0.1): an archive of three tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

from flowersorter import __version__
from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import UserError
from flowersorter.messages import plural, text
from flowersorter.workflows.exchange.label_export.label_rows import ExportRows, ExportTable, LabelRow
from flowersorter.workflows.exchange.label_export.place import PhotoPlace
from flowersorter.workflows.exchange.label_export.zip_tables import TableFile, media_type, new_archive

_SCHEMAS = "https://raw.githubusercontent.com/tdwg/camtrap-dp/1.0.1"
_DEPLOYMENTS = (
    "deploymentID locationID locationName latitude longitude coordinateUncertainty deploymentStart deploymentEnd "
    "setupBy cameraID cameraModel cameraDelay cameraHeight cameraDepth cameraTilt cameraHeading detectionDistance "
    "timestampIssues baitUse featureType habitat deploymentGroups deploymentTags deploymentComments"
)
DEPLOYMENTS = tuple(_DEPLOYMENTS.split())
_MEDIA = (
    "mediaID deploymentID captureMethod timestamp filePath filePublic fileName fileMediatype exifData favorite "
    "mediaComments"
)
MEDIA = tuple(_MEDIA.split())
_OBSERVATIONS = (
    "observationID deploymentID mediaID eventID eventStart eventEnd observationLevel observationType "
    "cameraSetupType scientificName count lifeStage sex behavior individualID individualPositionRadius "
    "individualPositionAngle individualSpeed bboxX bboxY bboxWidth bboxHeight classificationMethod classifiedBy "
    "classificationTimestamp classificationProbability observationTags observationComments"
)
OBSERVATIONS = tuple(_OBSERVATIONS.split())
#: Classes that the standard has types of its own for.
_TYPES = {
    **dict.fromkeys(("human", "person", "people", "homo sapiens"), "human"),
    **dict.fromkeys(("vehicle", "car"), "vehicle"),
    **dict.fromkeys(("blank", "empty", "nothing"), "blank"),
}
#: Paths that the standard allows.
_PATH = re.compile(r"(?![./~])(?!.*\.\.).+", re.DOTALL)
_DIGITS = 4


@dataclass(slots=True)
class _Span:
    """The first and the last photo of a deployment."""

    first: datetime
    last: datetime
    camera: str


def write_camtrap_dp(table: ExportTable, rows: ExportRows, file: BinaryIO, place: PhotoPlace | None) -> str:
    """Write the package. Each folder is a deployment; photos without a date are left out, as the standard needs one.

    Args:
        table: The photos.
        rows: Their rows.
        file: The archive.
        place: Of the camera, which the standard needs.

    Returns:
        How many photos are left out, in words; "" for none.

    Raises:
        UserError: there is no place, or none of the photos has a date.
    """
    if place is None:
        raise UserError(
            text("Camtrap DP needs the place of the camera"), hint=text("Give its latitude and longitude, in degrees")
        )
    spans: dict[str, _Span] = {}
    names: dict[str, None] = {}
    with new_archive(file) as archive, TableFile(MEDIA) as media, TableFile(OBSERVATIONS) as observations:
        for row in rows:
            if not row.taken_at or row.error or _PATH.fullmatch(row.file) is None:
                rows.leave_out(row)
                continue
            taken = _with_zone(row.taken_at)
            deployment = row.file.rpartition("/")[0] or table.folder.name or "photos"
            span = spans.setdefault(deployment, _Span(taken, taken, row.camera))
            span.first, span.last = min(span.first, taken), max(span.last, taken)
            moment, name = taken.isoformat(timespec="seconds"), row.file.rpartition("/")[2]
            media.add(row.file, deployment, None, moment, row.file, "false", name, media_type(name), *[None] * 3)
            observations.add(*_observation(table, row, deployment, moment))
            if row.class_name and _kind(row) == "animal":
                names[row.class_name] = None
        if not spans:
            raise UserError(text("Camtrap DP needs dates"), text("none of the photos has one"))
        media.save(archive, "media.csv")
        observations.save(archive, "observations.csv")
        with TableFile(DEPLOYMENTS) as deployments:
            for name, span in spans.items():
                deployments.add(*_deployment(name, span, place))
            deployments.save(archive, "deployments.csv")
        package = _package(table, spans.values(), names, place)
        archive.writestr("datapackage.json", json.dumps(package, ensure_ascii=False, indent=2).encode())
    if not rows.left_out:
        return ""
    return plural(
        "{number} photo is left out: it has no date, or a path that Camtrap DP does not allow",
        "{number} photos are left out: they have no date, or a path that Camtrap DP does not allow",
        rows.left_out,
    )


def _with_zone(moment: str) -> datetime:
    """The moment of a camera's clock, which has no zone, in that of this computer."""
    taken = datetime.fromisoformat(moment).replace(tzinfo=None)
    try:
        return taken.astimezone()
    except (OSError, OverflowError, ValueError):  # a year that this system knows no zones of
        return taken.replace(tzinfo=UTC)


def _kind(row: LabelRow) -> str:
    """The type of the observation, in the words of the standard."""
    if row.class_name:
        return _TYPES.get(row.class_name.casefold(), "animal")
    return "unknown" if row.verdict is Verdict.UNKNOWN and not row.not_mine else "unclassified"


def _observation(table: ExportTable, row: LabelRow, deployment: str, moment: str) -> tuple[object, ...]:
    kind, by_model = _kind(row), bool(row.suggestion) and not row.label
    model = "" if table.model is None else f", model {table.model.name}"
    by = f"FlowerSorter {__version__}{model}" if by_model else "class folder" if row.by is LabelOrigin.FOLDER else None
    method = None if not row.class_name else "machine" if by_model else "human"
    share = round(row.top[0][1], _DIGITS) if by_model else None
    return (
        *(f"{row.file}#1", deployment, row.file, None, moment, moment, "media", kind, None),
        row.class_name if kind == "animal" else None,
        *[None] * 12,
        *(method, by, None, share, f"answer:{row.answer}" if row.answer else None),
        row.verdict.word if by_model else None,
    )


def _deployment(name: str, span: _Span, place: PhotoPlace) -> tuple[object, ...]:
    begin, end = span.first.isoformat(timespec="seconds"), span.last.isoformat(timespec="seconds")
    return (
        *(name, None, name, place.latitude, place.longitude, None, begin, end, None, None, span.camera or None),
        *[None] * 6,
        "true",  # a camera's clock has no zone: that of this computer is assumed
        *[None] * 6,
    )


def _package(table: ExportTable, spans: Iterable[_Span], names: Iterable[str], place: PhotoPlace) -> dict[str, Any]:
    every = list(spans)
    begin, end = min(span.first for span in every), max(span.last for span in every)
    title = table.folder.name or "photos"
    return {
        "resources": [
            {
                "name": name,
                "path": f"{name}.csv",
                "profile": "tabular-data-resource",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "schema": f"{_SCHEMAS}/{name}-table-schema.json",
            }
            for name in ("deployments", "media", "observations")
        ],
        "profile": f"{_SCHEMAS}/camtrap-dp-profile.json",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "title": title,
        "contributors": [{"title": "FlowerSorter", "role": "contributor"}],
        "sources": [{"title": "FlowerSorter", "version": __version__}],
        "project": {
            "title": title,
            "samplingDesign": "opportunistic",
            "captureMethod": ["activityDetection"],
            "individualAnimals": False,
            "observationLevel": ["media"],
        },
        "spatial": {"type": "Point", "coordinates": [place.longitude, place.latitude]},
        "temporal": {"start": begin.date().isoformat(), "end": end.date().isoformat()},
        "taxonomic": [{"scientificName": name} for name in names],
    }
