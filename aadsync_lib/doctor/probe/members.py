"""Probes of the members of the group."""

from __future__ import annotations

import json

from aadsync_lib.databricks.errors import Refusal
from aadsync_lib.databricks.translate import member_operations
from aadsync_lib.doctor.probe.answers import Seen, Untried, assumed, matters, safe
from aadsync_lib.doctor.probe.bench import Bench, effect, refused
from aadsync_lib.doctor.probe.definition import Probe, of_nested_groups
from aadsync_lib.doctor.probe.wordings import WRITTEN
from aadsync_lib.responses import JsonObject


def _remove(bench: Bench) -> Seen:
    group, principal = bench.the_group(), bench.the_principal()
    if not _shown(bench, principal, there=True, again=True):
        raise Untried("nobody could be made a member to be removed")
    bench.patch(group, _removal(principal))
    return effect(bench.until(lambda: principal not in bench.members()))


def _add(bench: Bench) -> Seen:
    bench.the_group()
    principal = bench.the_principal()
    bench.add(principal)
    return effect(bench.until(lambda: principal in bench.members()))


def _add_again(bench: Bench) -> Seen:
    bench.the_group()
    principal = bench.the_principal()
    _need(bench, principal, there=True)
    return _repeated(bench, {"op": "add", "path": "members", "value": [{"value": principal}]})


def _remove_absent(bench: Bench) -> Seen:
    bench.the_group()
    principal = bench.the_principal()
    _need(bench, principal, there=False)
    return _repeated(bench, _removal(principal))


def _unknown(bench: Bench) -> Seen:
    bench.the_group()
    try:
        bench.add(bench.nobody)
    except Refusal as refusal:
        if not refused(refusal):
            raise
        return Seen("refused", str(refusal.status))
    if bench.nobody not in bench.members():
        return Seen("ignored")
    bench.patch(bench.group, _removal(bench.nobody))
    return Seen("kept")


def _nested(bench: Bench) -> Seen:
    bench.the_group()
    if not bench.extras:
        raise Untried("this takes a second group, and the target took none of the other names")
    child = bench.extras[0]
    bench.add(child)
    return effect(bench.until(lambda: child in bench.members()))


def _both(bench: Bench) -> Seen:
    """Take the nested group out and put the service principal in, as one request."""
    group, principal = bench.the_group(), bench.the_principal()
    if not bench.extras or bench.extras[0] not in bench.members():
        raise Untried("this takes a second member")
    child = bench.extras[0]
    _need(bench, principal, there=False)
    bench.patch(group, *member_operations([principal], [child]))
    return effect(
        bench.until(lambda: principal in (there := bench.members()) and child not in there)
    )


def _circle(bench: Bench) -> Seen:
    group = bench.the_group()
    try:
        bench.add(group)
    except Refusal as refusal:
        if not refused(refusal):
            raise
        return Seen("refused", str(refusal.status))
    if group not in bench.members():
        return Seen("ignored")
    bench.patch(group, _removal(group))
    return Seen("accepted")


def _repeated(bench: Bench, operation: JsonObject) -> Seen:
    try:
        bench.patch(bench.group, operation)
    except Refusal as refusal:
        if not refused(refusal):
            raise
        return Seen("refused", str(refusal.status))
    return Seen("accepted")


def _need(bench: Bench, principal: str, *, there: bool) -> None:
    if not _shown(bench, principal, there=there, again=True):
        raise Untried("the group could not be brought into the state that this takes")


def _shown(bench: Bench, principal: str, *, there: bool, again: bool) -> bool:
    """Return whether the service principal is a member, or is none, after one try to make it so."""
    if (principal in bench.members()) is there:
        return True
    if not again:
        return False
    if there:
        bench.add(principal)
    else:
        bench.patch(bench.group, _removal(principal))
    return bench.until(lambda: _shown(bench, principal, there=there, again=False)) is not None


def _removal(member: str) -> JsonObject:
    return {"op": "remove", "path": f"members[value eq {json.dumps(member)}]"}


REPEATED = {
    "accepted": assumed("answered as done"),
    "refused": safe(
        "refused",
        "A sync then asks the group which of the changes is done already, and sends the rest.",
    ),
}

PROBES = (
    Probe("members.remove", "PATCH that removes a member by filter", WRITTEN, _remove),
    Probe("members.add", "PATCH that adds a member", WRITTEN, _add),
    Probe("members.add_again", "the same member, added again", REPEATED, _add_again),
    Probe(
        "members.remove_absent",
        "the removal of one who is no member",
        REPEATED,
        _remove_absent,
    ),
    Probe(
        "members.unknown",
        "a member id that nobody has",
        {
            "ignored": assumed("answered as done; nobody is added"),
            "refused": safe(
                "refused",
                "A sync halves what was refused until only the member at fault is left out.",
            ),
            "kept": matters(
                "shown as a member",
                "A group can show members that nobody is: a sync removes them as added by hand.",
            ),
        },
        _unknown,
    ),
)

NESTING = (
    Probe(
        "group.nested",
        "a group as a member of another",
        WRITTEN,
        _nested,
        of_nested_groups,
    ),
    Probe("members.both", "a removal and an addition in one PATCH", WRITTEN, _both),
    Probe(
        "group.circle",
        "a group as a member of itself",
        {
            "refused": assumed("refused"),
            "ignored": safe(
                "answered as done; nothing changed", "A sync finds circles before it writes."
            ),
            "accepted": safe("taken", "A sync finds circles before it writes."),
        },
        _circle,
        of_nested_groups,
    ),
)
