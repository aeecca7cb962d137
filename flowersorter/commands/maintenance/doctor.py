"""The verb doctor: check the installation and the collection."""

from __future__ import annotations

from dataclasses import asdict

from flowersorter.commands.shared.context import Call
from flowersorter.messages import joined_texts, plural, text
from flowersorter.workflows.maintenance.doctor import doctor


def run(call: Call) -> int:
    """Check the installation and the collection; exit 1 if something is wrong."""
    checks = doctor(call.collection_folder, full=call.options.full)
    for check in checks:
        call.terminal.record(asdict(check))
    table = [[text("ok") if check.ok else text("PROBLEM"), check.name, check.detail] for check in checks]
    call.terminal.say_table(table)
    wrong = [check for check in checks if not check.ok]
    call.terminal.record({"summary": {"checks": len(checks), "wrong": [check.name for check in wrong]}})
    if wrong:
        parts = joined_texts(", ", *(check.name for check in wrong))
        call.terminal.note(plural("{number} problem: {parts}.", "{number} problems: {parts}.", len(wrong), parts=parts))
        return 1
    return 0
