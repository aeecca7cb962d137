"""Writes labels and suggestions as a COCO data set: one annotation a photo, whose box is the whole picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from flowersorter import __version__
from flowersorter.workflows.exchange.label_export.json_file import encoded, write_object
from flowersorter.workflows.exchange.label_export.label_rows import ExportTable, LabelRow

_DIGITS = 6


def write_coco(table: ExportTable, rows: Iterable[LabelRow], file: BinaryIO) -> None:
    """Write the data set. A suggestion has a "score", as COCO results do; a label has none.

    Photos without a class are images without an annotation; files that cannot be read are left out.
    """
    id_of = {name: number for number, name in enumerate(table.classes, start=1)}
    annotations: list[bytes] = []  # behind the images in the file, some tens of bytes each

    def images() -> Iterator[bytes]:
        number = 0
        for row in rows:
            if row.error or not row.width_px:
                continue
            number += 1
            yield encoded(
                {
                    "id": number,
                    "file_name": row.file,
                    "width": row.width_px,
                    "height": row.height_px,
                    **({"date_captured": row.taken_at.replace("T", " ")} if row.taken_at else {}),
                }
            )
            if row.class_name:
                annotations.append(_annotation(row, number, len(annotations) + 1, id_of[row.class_name]))

    write_object(
        file,
        (
            ("info", {"description": "Labels and suggestions of FlowerSorter", "version": __version__}),
            ("licenses", []),
            ("categories", [{"id": number, "name": name, "supercategory": ""} for name, number in id_of.items()]),
            ("images", images()),
            ("annotations", iter(annotations)),
        ),
    )


def _annotation(row: LabelRow, image: int, number: int, category: int) -> bytes:
    score = {} if row.label else {"score": round(row.top[0][1], _DIGITS)}
    return encoded(
        {
            "id": number,
            "image_id": image,
            "category_id": category,
            "bbox": [0, 0, row.width_px, row.height_px],
            "area": row.width_px * row.height_px,
            "segmentation": [],
            "iscrowd": 0,
            **score,
            "attributes": {"by": row.by.value if row.by is not None else "model"},
        }
    )
