"""The rules of Camtrap DP 1.0.1 for the tables, restated from the standard: the tests load nothing from the network."""

from __future__ import annotations

from typing import Any

from flowersorter.workflows.exchange.label_export.camtrap_dp import DEPLOYMENTS, MEDIA, OBSERVATIONS

_MOMENT = {"type": "datetime", "format": "%Y-%m-%dT%H:%M:%S%z", "constraints": {"required": True}}
_KEY = {"constraints": {"required": True, "unique": True}}
_NEEDED = {"constraints": {"required": True}}
_SHARE = {"type": "number", "constraints": {"minimum": 0, "maximum": 1}}


def _enum(*values: str, required: bool = False) -> dict[str, Any]:
    return {"constraints": {"enum": list(values), "required": required}}


_OF_DEPLOYMENTS: dict[str, dict[str, Any]] = {
    "deploymentID": _KEY,
    "latitude": {"type": "number", "constraints": {"required": True, "minimum": -90, "maximum": 90}},
    "longitude": {"type": "number", "constraints": {"required": True, "minimum": -180, "maximum": 180}},
    "coordinateUncertainty": {"type": "integer", "constraints": {"minimum": 1}},
    "deploymentStart": _MOMENT,
    "deploymentEnd": _MOMENT,
    "timestampIssues": {"type": "boolean"},
    "baitUse": {"type": "boolean"},
}
_OF_MEDIA: dict[str, dict[str, Any]] = {
    "mediaID": _KEY,
    "deploymentID": _NEEDED,
    "captureMethod": _enum("activityDetection", "timeLapse"),
    "timestamp": _MOMENT,
    "filePath": {"constraints": {"required": True, "pattern": r"^(?=^[^./~])(^((?!\.{2}).)*$).*$"}},
    "filePublic": {"type": "boolean", "constraints": {"required": True}},
    "fileMediatype": {"constraints": {"required": True, "pattern": "^(image|video|audio)/.*$"}},
    "favorite": {"type": "boolean"},
}
_OF_OBSERVATIONS: dict[str, dict[str, Any]] = {
    "observationID": _KEY,
    "deploymentID": _NEEDED,
    "eventStart": _MOMENT,
    "eventEnd": _MOMENT,
    "observationLevel": _enum("media", "event", required=True),
    "observationType": _enum("animal", "human", "vehicle", "blank", "unknown", "unclassified", required=True),
    "cameraSetupType": _enum("setup", "calibration"),
    "count": {"type": "integer", "constraints": {"minimum": 1}},
    "lifeStage": _enum("adult", "subadult", "juvenile"),
    "sex": _enum("female", "male"),
    "bboxX": _SHARE,
    "bboxY": _SHARE,
    "classificationMethod": _enum("human", "machine"),
    "classificationTimestamp": {**_MOMENT, "constraints": {}},
    "classificationProbability": _SHARE,
}


def _schema(names: tuple[str, ...], rules: dict[str, dict[str, Any]], **keys: str) -> dict[str, Any]:
    return {
        "fields": [{"name": name, "type": "string", **rules.get(name, {})} for name in names],
        "missingValues": [""],
        "primaryKey": names[0],
        "foreignKeys": [
            {"fields": field, "reference": {"resource": resource, "fields": field}} for field, resource in keys.items()
        ],
    }


SCHEMAS = {
    "deployments": _schema(DEPLOYMENTS, _OF_DEPLOYMENTS),
    "media": _schema(MEDIA, _OF_MEDIA, deploymentID="deployments"),
    "observations": _schema(OBSERVATIONS, _OF_OBSERVATIONS, deploymentID="deployments", mediaID="media"),
}
#: Names that the standard requires of each resource, and the values that it allows in the descriptor.
RESOURCES = ("deployments", "media", "observations")
ROLES = frozenset(("contact", "principalInvestigator", "rightsHolder", "publisher", "contributor"))
SAMPLING = frozenset(
    ("simpleRandom", "systematicRandom", "clusteredRandom", "experimental", "targeted", "opportunistic")
)
#: What the profile of the package asks for, beside the resources.
NEEDED = {"profile", "created", "contributors", "project", "spatial", "temporal", "taxonomic"}
NEEDED_OF_PROJECT = {"title", "samplingDesign", "captureMethod", "individualAnimals", "observationLevel"}
