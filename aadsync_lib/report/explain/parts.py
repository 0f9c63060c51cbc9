"""Documents of explanations, with a part for each person or group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aadsync_lib.model.explanation import (
    EdgeOutcome,
    Explanation,
    GroupExplained,
    Member,
    Path,
    Paths,
    Person,
    Place,
    Standing,
)
from aadsync_lib.model.wording import and_more
from aadsync_lib.report.document import BAD, BENT, GOOD, Alert, Branch, Document, Part
from aadsync_lib.report.explain.tree import PLACES, paths_tree, shown, standing_branches, who
from aadsync_lib.report.next_steps import PROTECTED, Advice
from aadsync_lib.report.plan_rows import shortened
from aadsync_lib.report.wording import count

LISTED = 20
INCOMPLETE = "Not all of Entra's scope could be read: what is missing here may only be unread."
REFUSED = "The guard refuses the next sync: nothing of its plan happens"
UNSURE = "not all groups above could be read"


def explanation_document(
    explanation: Explanation, *, full: bool = False, advice: Advice | None = None
) -> Document:
    """Explain each person and group: of long lists the beginning, or all of it with ``full``."""
    limit = None if full else LISTED
    parts = [_person(person, limit) for person in explanation.people]
    parts += [_group(group, limit) for group in explanation.groups]
    unknown = () if explanation.found else not_found(explanation)
    return Document(
        alerts=tuple(_alerts(explanation)),
        lines=unknown[:1],
        items=unknown[1:],
        parts=tuple(parts),
        next=_next(explanation, advice) if explanation.over else "",
    )


def answer(explanation: Explanation) -> str:
    """Say in one line whether people are in the group that was asked for; else what is explained."""
    if not explanation.found:
        return not_found(explanation)[0]
    asked = [person for person in explanation.people if person.group]
    names = [_title(person) for person in explanation.people]
    names += [group.identity.name for group in explanation.groups]
    verdicts = [verdict for person in asked for verdict in _verdicts(person)]
    return "; ".join(verdicts) or f"every path of {', '.join(names)}"


def _alerts(explanation: Explanation) -> Iterator[Alert]:
    if not explanation.complete:
        yield Alert(BENT, INCOMPLETE)
    if explanation.over:
        yield Alert(BAD, REFUSED, explanation.over)


def _next(explanation: Explanation, advice: Advice | None) -> str:
    if explanation.approve is None:
        return PROTECTED
    return advice.approval(explanation.approve) if advice else ""


def not_found(explanation: Explanation) -> tuple[str, ...]:
    """Say that nobody has the name, where it was looked for, and what is like it."""
    names = " and ".join(f'"{name}"' for name in explanation.unknown)
    near = (
        f"Nearest: {', '.join(explanation.nearest)}."
        if explanation.nearest
        else "Nothing is like it."
    )
    return (f"Nothing of the name {names} was found.", "Looked in:", *explanation.searched, near)


def _person(person: Person, limit: int | None) -> Part:
    standing, group = person.identity, person.group
    trees = [("In Entra", _in_entra(person, limit))]
    trees += [
        (f"On {standing.target}", standing_branches(standing, limit)) for standing in person.targets
    ]
    lines = [who(standing)]
    if group:
        lines += [f"{group.name}: {who(group)}", *_verdicts(person)]
    return Part(_title(person), lines=tuple(lines), trees=tuple(trees))


def _title(person: Person) -> str:
    name = shown(person.identity)
    return f"{name} in {person.group.name}" if person.group else name


def _verdicts(person: Person) -> Iterator[str]:
    count = len(person.paths.listed) + person.paths.more
    unsure = f", but {UNSURE}" if _unsure(person) else ""
    yield f"In Entra: {'yes' if count else 'no'}{_by(count, all_=person.paths.all)}{unsure}"
    for standing in person.targets:
        known = standing.paths or Paths()
        there = len(known.listed) + known.more
        why = "" if there else f", {_why_not(person, standing)}"
        yield f"On {standing.target}: {'yes' if there else 'no'}{_by(there, all_=known.all)}{why}"


def _unsure(person: Person) -> bool:
    """Whether Entra may have more paths than it showed."""
    in_entra = person.identity.place in (Place.IN_SCOPE, Place.OUT_OF_SCOPE)
    return in_entra and person.others is None


def _by(count: int, *, all_: bool) -> str:
    if not count:
        return ""
    return f", by {'' if all_ else 'at least '}{count:,} {'path' if count == 1 else 'paths'}"


def _why_not(person: Person, standing: Standing) -> str:
    """Return the one reason that matters most why somebody is not in a group on a target."""
    group = person.group
    if not person.paths.listed:
        return "as in Entra"
    if group and group.place is not Place.IN_SCOPE:
        return f"the group is {PLACES[group.place]}"
    if not any(path.kept for path in person.paths.listed):
        return _cut(person.paths.listed[0], shown(person.identity))
    if standing.account is None and standing.notes:
        return standing.notes[0]
    return standing.gap or "something on the way is not there yet"


def _cut(path: Path, leaf: str) -> str:
    """Return the first step of a path that is not kept, by whom it keeps out."""
    below = (*(step.name for step in path.steps[1:]), leaf)
    steps = zip(path.steps, below, strict=True)
    return next(f"{name} {step.reason}" for step, name in steps if step.fate is EdgeOutcome.DROPPED)


def _in_entra(person: Person, limit: int | None) -> tuple[Branch, ...]:
    branches = list(paths_tree(person.paths, shown(person.identity), limit))
    if person.assigned and not person.group:
        branches.append(Branch("an application of the scope", "assigned directly", GOOD))
    if not branches:
        branches.append(Branch("no path", tone=BAD))
    if person.others and not person.group:
        known, more = shortened(person.others, limit)
        branches.append(Branch("also in", f"{', '.join(known)}{and_more(more)} (not in scope)"))
    if _unsure(person):
        branches.append(Branch("perhaps more", UNSURE, BENT))
    return tuple(branches)


def _group(group: GroupExplained, limit: int | None) -> Part:
    lines = [who(group.identity), f"{count(len(group.members), 'member')} at any depth"]
    lines += [f"Not read in full: {reason}" for reason in group.unread]
    names = [standing.target for standing in group.targets]
    known, more = shortened(group.members, limit)
    members = [_member(standing, names) for standing in known]
    if more:
        members.append(Branch("more", f"{more:,} members"))
    trees = [
        (f"On {standing.target}", standing_branches(standing, limit)) for standing in group.targets
    ]
    trees.append(("Members", tuple(members)))
    return Part(group.identity.name, lines=tuple(lines), trees=tuple(trees))


def _member(member: Member, targets: Sequence[str]) -> Branch:
    below = [_way("in Entra", member.entra)]
    below += [_way(f"on {name}", path) for name, path in zip(targets, member.targets, strict=True)]
    kept = member.entra is not None and member.entra.kept
    even = all((path is not None) == kept for path in member.targets)
    name, identity = shown(member.identity), member.identity
    words = identity.name if name == identity.display_name else identity.display_name or ""
    return Branch(name, words, GOOD if even else BENT, tuple(below))


def _way(where: str, path: Path | None) -> Branch:
    if path is None:
        return Branch(where, "not a member", BENT)
    cut = next((step.reason for step in path.steps if step.fate is EdgeOutcome.DROPPED), None)
    words = " > ".join(step.name for step in path.steps)
    return Branch(where, f"{words}{f', not kept: {cut}' if cut else ''}", BAD if cut else "")
