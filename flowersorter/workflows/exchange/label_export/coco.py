"""Writes labels and suggestions as a COCO data set: one annotation a photo, whose box is the whole picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from flowersorter import __version__
from flowersorter.domain.export_format import BY_MODEL
from flowersorter.messages import plural
from flowersorter.workflows.exchange.label_export.json_file import encoded, write_object
from flowersorter.workflows.exchange.label_export.label_rows import ExportRows, ExportTable, LabelRow

_DIGITS = 6


def write_coco(table: ExportTable, rows: ExportRows, file: BinaryIO) -> str:
    """Write the data set. A suggestion has a "score", as COCO results do; a label has none.

    Photos without a class are images without an annotation, with "attributes" where a person said why; files that
    cannot be read are left out.

    Returns:
        How many files are left out, in words; "" for none.
    """
    id_of = {name: number for number, name in enumerate(table.classes, start=1)}
    annotations: list[bytes] = []  # behind the images in the file, some tens of bytes each

    def images() -> Iterator[bytes]:
        number = 0
        for row in rows:
            if row.error or not row.width_px:
                rows.leave_out(row)
                continue
            number += 1
            yield encoded(
                {
                    "id": number,
                    "file_name": row.file,
                    "width": row.width_px,
                    "height": row.height_px,
                    **({"attributes": {"answer": row.answer}} if row.answer else {}),
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
    if not rows.left_out:
        return ""
    return plural(
        "{number} file that cannot be read is left out",
        "{number} files that cannot be read are left out",
        rows.left_out,
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
            "attributes": {"by": row.by.value if row.by is not None else BY_MODEL},
        }
    )
