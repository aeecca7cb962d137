"""The verb verify: read every sorted photo and compare it with the hash of its sort."""

from __future__ import annotations

from typing import Any

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.output import counted_files, local_time, shown
from flowersorter.errors import Cancelled
from flowersorter.messages import Text, joined_texts, plural, stored, text
from flowersorter.workflows.filing.verified_files import Finding, VerifiedFile
from flowersorter.workflows.filing.verify import VerifyRequest, VerifyResult, verify

_FINDINGS = {
    Finding.ROTTED: text("rotted"),
    Finding.GONE: text("gone"),
    Finding.UNREADABLE: text("unreadable"),
    Finding.EDITED: text("edited"),
    Finding.MOVED: text("moved"),
}


def run(call: Call) -> int:
    """Verify the sorted photos; exit 1 if one rotted, is gone or could not be read."""
    terminal, options = call.terminal, call.options
    request = VerifyRequest(options.destination, None if options.rate is None else options.rate * 1e6, options.again)
    with call.engine(only_reads=True) as engine:
        try:
            with terminal.progress() as report:
                result = verify(engine, request, report, call.cancel)
        except Cancelled:
            terminal.note(text("Stopped. Called again, it goes on where it stopped."))
            raise
    for file in result.changed:
        terminal.record(_line(file))
    terminal.record({"summary": _summary(result)})
    if result.changed:
        terminal.say_table(
            [[_FINDINGS[file.finding], shown(file.class_name), *_described(file)] for file in result.changed]
        )
    for folder, files in result.not_reached.items():
        terminal.say(
            plural(
                "Not reached: {number} file in {folder}. The folder is missing or empty; its drive may be unplugged.",
                "Not reached: {number} files in {folder}. The folder is missing or empty; its drive may be unplugged.",
                files,
                folder=shown(folder),
            )
        )
    terminal.say(_sentence(result))
    if result.earlier:
        terminal.say(
            plural(
                "{number} of them was read before the verification was interrupted, on {date}, and has the size and "
                "time of then.",
                "{number} of them were read before the verification was interrupted, since {date}, and have the size "
                "and time of then.",
                result.earlier,
                date=local_time(result.earlier_since),
            )
        )
    return 0 if result.all_well else 1


def _described(file: VerifiedFile) -> list[str]:
    """Describe a file: its path and its state."""
    notes: list[str] = []
    if file.reason is not None:
        notes.append(stored(file.reason))
    if file.now is not None:
        notes.append(text("now at {path}", path=shown(file.now)))
    if file.known_edit:
        notes.append(text("known as the same photo"))
    if file.intact_at is not None:
        notes.append(text("the original is intact: {path}", path=shown(file.intact_at)))
    return [shown(file.path), joined_texts("; ", *notes)]


def _sentence(result: VerifyResult) -> Text:
    """Sum up the outcome."""
    if not result.photos and not result.sidecars:
        return text("No sorted photo could be read.") if result.not_reached else text("No photos were sorted yet.")
    read = counted_files(result.photos, result.sidecars)
    if not result.changed:
        return text("{files} verified: all as they were sorted.", files=read)
    found = sorted(result.counts().items(), key=_worst_first)
    counts = joined_texts(", ", *(joined_texts(" ", str(count), _FINDINGS[finding]) for finding, count in found))
    return text("{files} verified: {intact} intact, {counts}.", files=read, intact=result.intact, counts=counts)


def _worst_first(counted_finding: tuple[Finding, int]) -> int:
    return list(Finding).index(counted_finding[0])


def _line(file: VerifiedFile) -> dict[str, Any]:
    line: dict[str, Any] = {
        "path": str(file.path),
        "class": file.class_name,
        "sort": file.run_id,
        "state": file.finding.value,
        "sidecar": file.is_sidecar,
        "now": None if file.now is None else str(file.now),
        "intact_at": None if file.intact_at is None else str(file.intact_at),
        "known_edit": file.known_edit,
    }
    if file.reason is not None:
        line["error"] = file.reason
    return line


def _summary(result: VerifyResult) -> dict[str, Any]:
    counts = result.counts()
    return {
        "photos": result.photos,
        "sidecars": result.sidecars,
        "intact": result.intact,
        "read_earlier": result.earlier,
        "read_earlier_since": result.earlier_since,
        **{finding.value: counts[finding] for finding in Finding},
        "not_reached": {str(folder): files for folder, files in result.not_reached.items()},
    }
