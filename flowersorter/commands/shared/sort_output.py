"""Describes the plan of a sort, and its result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from flowersorter.commands.shared.folder_output import say_skipped, say_unreadable
from flowersorter.commands.shared.json_lines import lost_photos
from flowersorter.commands.shared.output import Terminal, counted_files, counted_sidecars, shown, size
from flowersorter.commands.shared.sort_outcomes import folder_in
from flowersorter.domain.journal import DUPLICATES
from flowersorter.messages import Text, joined_texts, plural, stored, text
from flowersorter.photos.scanning import folder_walk
from flowersorter.sorting.plan import Action, Mode, SortPlan
from flowersorter.sorting.plan_sidecars import listed, sidecars_and_others
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.workflows.filing.resume import paused_sentence
from flowersorter.workflows.predicting.predict_folder import PredictFolderResult


def say_each_photo(terminal: Terminal, plan: SortPlan) -> None:
    """Print the target of each photo, or why it stays."""
    aside = {file.filing.source: file for file in plan.duplicates}
    for file in (aside.get(file.filing.source, file) for file in plan.files):
        photo, target = shown(file.filing.source), shown(file.destination.relative_to(plan.destination))
        match file.action:
            case Action.ALREADY_THERE:
                terminal.say(text("{photo} -> {target} (already there)", photo=photo, target=target))
            case Action.DUPLICATE:
                terminal.say(text("{photo} -> {target} (duplicate)", photo=photo, target=target))
            case _:
                terminal.say(text("{photo} -> {target}", photo=photo, target=target))
    for skipped in plan.skipped:
        terminal.say(text("{photo} stays: {why}", photo=shown(skipped.path), why=stored(skipped.reason)))


def say_plan(terminal: Terminal, plan: SortPlan, result: PredictFolderResult, *, dry_run: bool) -> None:
    """Print how many photos go into each folder, and why the others stay; in a dry run, would stay."""
    actions = plan.counts_by_action
    filing = sum(number for action, number in actions.items() if action.is_filed)
    if plan.mode == Mode.SYMLINK and filing:
        terminal.say(text("Only pointers are made: they stop working when their originals are deleted or moved."))
    if filing:
        terminal.say(_plan_sentence(plan, filing))
    table = [[shown(folder), str(number)] for folder, number in sorted(plan.counts_by_folder.items())]
    if table:
        terminal.say_table(table, right=(1,), indent=2)
    _say_sidecars(terminal, plan)
    there = Counter(folder_in(plan, file) for file in plan.files if file.action == Action.ALREADY_THERE)
    if there:
        terminal.say(plural("{number} photo already there:", "{number} photos already there:", there.total()))
        rows = [[str(number), text("in {folder}", folder=folder)] for folder, number in there.most_common()]
        terminal.say_table(rows, right=(0,), indent=2)
    if same := actions.get(Action.DUPLICATE):
        terminal.say(
            plural(
                "{number} duplicate of another photo, which is sorted once",
                "{number} duplicates of another photo, which is sorted once",
                same,
            )
        )
    _say_leftovers(terminal, plan, dry_run=dry_run)
    unreadable = {path for path, _ in result.unreadable}
    reasons = Counter(skipped.reason for skipped in plan.skipped if skipped.path not in unreadable)
    if reasons:
        terminal.say(text("Left where they are:"))
        rows = [[str(number), stored(reason)] for reason, number in reasons.most_common()]
        terminal.say_table(rows, right=(0,), indent=2)
    if result.many_unknown:
        terminal.say(result.many_unknown)
    if result.accuracy_note:
        terminal.say(result.accuracy_note)
    say_unreadable(terminal, (*result.unreadable, *lost_photos(result)))
    say_skipped(terminal, result, _beside(plan, result.skipped))
    if plan.needed_bytes:
        needed, free = size(plan.needed_bytes), size(plan.free_bytes)
        terminal.say(text("Needs {needed} of {free} free.", needed=needed, free=free))


def _beside(plan: SortPlan, skipped: Mapping[str, int]) -> Counter[str]:
    """The files beside the photos that the plan counts, by the kind that the scan gives them."""
    sidecars, others = (sum(staying.values()) for staying in sidecars_and_others(plan.staying, ()))
    no_photos = min(others, skipped.get(folder_walk.NOT_A_PHOTO, 0))  # the others belong to a photo by their names
    told: Counter[str] = Counter({folder_walk.NOT_A_PHOTO: no_photos})
    told[folder_walk.SIDECAR] = sum(plan.sidecars.values()) + sidecars + others - no_photos
    return told


def _plan_sentence(plan: SortPlan, number: int) -> Text:
    """Print the action of the sort and its number of photos."""
    folder = shown(plan.destination)
    match plan.mode:
        case Mode.COPY:
            return plural("Copy {number} photo to {folder}", "Copy {number} photos to {folder}", number, folder=folder)
        case Mode.MOVE:
            return plural("Move {number} photo to {folder}", "Move {number} photos to {folder}", number, folder=folder)
        case Mode.LINK:
            return plural("Link {number} photo to {folder}", "Link {number} photos to {folder}", number, folder=folder)
        case Mode.SYMLINK:
            return plural(
                "Point to {number} photo to {folder}", "Point to {number} photos to {folder}", number, folder=folder
            )


def _say_leftovers(terminal: Terminal, plan: SortPlan, *, dry_run: bool) -> None:
    """Say what becomes of the duplicates, which are counted above, and of empty folders."""
    if plan.mode != Mode.MOVE:
        return
    is_twice = any(not action.is_filed for action, count in plan.counts_by_action.items() if count)
    if plan.duplicates:
        folder = shown(plan.folder_of(plan.duplicates[0]))
        terminal.say(
            plural(
                "{number} duplicate of these moved into {folder}",
                "{number} duplicates of these moved into {folder}",
                len(plan.duplicates),
                folder=folder,
            )
        )
    elif is_twice:
        stay = (
            text(
                "Duplicates of sorted photos would stay; --move-duplicates moves them into “{folder}”",
                folder=DUPLICATES,
            )
            if dry_run
            else text(
                "Duplicates of sorted photos stay; --move-duplicates moves them into “{folder}”", folder=DUPLICATES
            )
        )
        terminal.say(stay)
    if empty := len(plan.emptied.empty):
        if plan.removes_emptied:
            terminal.say(text("Folders that become empty: {count}, removed", count=empty))
        else:
            terminal.say(
                text("Folders that become empty: {count}, left; --remove-empty-folders removes them", count=empty)
            )
    if nearly := len(plan.emptied.nearly_empty):
        terminal.say(
            text(
                "Folders that keep nothing but hidden files such as .DS_Store or Thumbs.db: {count}, left",
                count=nearly,
            )
        )


def _say_sidecars(terminal: Terminal, plan: SortPlan) -> None:
    """Print which files beside the photos go along, and which stay."""
    if plan.sidecars:
        going = counted_sidecars(sum(plan.sidecars.values()))
        lead = text("With them {files}", files=going) if plan.counts_by_class else text("Copy {files}", files=going)
        terminal.say(joined_texts(": ", lead, listed(plan.sidecars)))
    if plan.keywords:
        terminal.say(
            plural(
                "Write keywords into {number} sidecar file",
                "Write keywords into {number} sidecar files",
                len(plan.keywords),
            )
        )
    for skipped in plan.no_keywords:
        terminal.say(text("{path} gets no keywords: {why}", path=shown(skipped.path), why=stored(skipped.reason)))
    sidecars, others = sidecars_and_others(plan.staying, (*plan.edited, *plan.other_films))
    if number := sum(sidecars.values()):
        staying = plural("{number} other sidecar file stays", "{number} other sidecar files stay", number)
        terminal.say(joined_texts(": ", staying, listed(sidecars)))
    if number := sum(others.values()):
        staying = plural("{number} other file stays", "{number} other files stay", number)
        terminal.say(joined_texts(": ", staying, listed(others)))
    for path in plan.edited:
        terminal.say(text("{path} stays: the one in the class folder was edited later", path=shown(path)))
    for path in plan.other_films:
        terminal.say(text("{path} stays: it was taken at another time than the photo of its name", path=shown(path)))


def say_done(terminal: Terminal, plan: SortPlan, done: RunResult) -> int:
    """Print the result of a sort; return the exit code."""
    failed = [(file.source, file.error or "") for file in done.not_filed]
    filed = done.filed
    did: list[Text] = []
    if (filed or done.sidecars) and done.run_id is not None:
        mode = plan.mode if filed or plan.mode != Mode.MOVE else Mode.COPY  # the source of such a sidecar stays
        did.append(_did(mode, counted_files(filed, done.sidecars)))
    if keywords := done.keywords:
        did.append(plural("keywords in {number} sidecar file", "keywords in {number} sidecar files", keywords))
    if moved := done.duplicates_moved:
        did.append(plural("{number} duplicate moved", "{number} duplicates moved", moved))
    if removed := done.folders_removed:
        did.append(plural("{number} empty folder removed", "{number} empty folders removed", removed))
    if did:
        what = joined_texts(", ", *did)
        terminal.say(text("{what}. To undo that: flowersorter undo {sort}", what=what, sort=done.run_id))
    elif not failed:
        terminal.say(text("Nothing to sort."))
    for file in done.noted:  # of its sidecar files one is left or gets no keywords
        terminal.say_of(file.source, stored(file.error or ""), indent=2)
    for path, why in failed[:10]:
        terminal.say_of(path, stored(why), indent=2)
    if failed:
        terminal.note(
            plural(
                "{number} photo could not be sorted: {why}.",
                "{number} photos could not be sorted; the first one: {why}.",
                len(failed),
                why=stored(failed[0][1]),
            )
        )
    if done.paused:
        terminal.note(paused_sentence(done))
    return 1 if failed or done.paused else 0


def _did(mode: Mode, files: Text) -> Text:
    """Print the action and its number of files."""
    match mode:
        case Mode.COPY:
            return text("{files} copied", files=files)
        case Mode.MOVE:
            return text("{files} moved", files=files)
        case Mode.LINK:
            return text("{files} linked", files=files)
        case Mode.SYMLINK:
            return text("{files} stand there as pointers", files=files)
