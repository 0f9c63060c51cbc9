"""Probes of the group itself, and of the listings."""

from __future__ import annotations

from uuid import uuid4

from aadsync_lib.databricks.errors import Refusal
from aadsync_lib.databricks.translate import attribute_operations, name_filter
from aadsync_lib.doctor.probe.answers import Outcome, Seen, Untried, assumed, safe
from aadsync_lib.doctor.probe.bench import Bench, effect, refused, when
from aadsync_lib.doctor.probe.definition import Probe
from aadsync_lib.doctor.probe.principals import alike, same
from aadsync_lib.doctor.probe.wordings import EXTERNAL_ID, LISTED, READ_BACK, WRITTEN
from aadsync_lib.model.identity import Attributes, Kind


def _create(bench: Bench) -> Seen:
    bench.group_name = f"{bench.name}-a"
    members = (bench.principal,) if bench.principal else ()
    wanted = Attributes(display_name=bench.group_name, external_id=bench.external_id)
    bench.group = str(bench.create(Kind.GROUP, wanted, members, fresh=True)["id"])
    if not members:
        return Seen("alone")
    shown = bench.until(lambda: bench.principal in bench.members())
    return Seen("without" if shown is None else "with")


def _read_back(bench: Bench) -> Seen:
    group = bench.the_group()
    return when(bench.until(lambda: bench.look(group) is not None))


def _external_id(bench: Bench) -> Seen:
    row = bench.look(bench.the_group())
    if row is None:
        raise Untried("GET by id does not show it")
    return same(bench.external_id, row.get("externalId"))


def _new_external_id(bench: Bench) -> Seen:
    group, key = bench.the_group(), str(uuid4())
    bench.patch(group, *attribute_operations(Attributes(external_id=key)))
    return effect(bench.until(lambda: alike((bench.look(group) or {}).get("externalId"), key)))


def _listed(bench: Bench) -> Seen:
    group = bench.the_group()
    return when(bench.until(lambda: _in(bench, Kind.GROUP, group), times=1))


def _principal_listed(bench: Bench) -> Seen:
    principal = bench.the_principal()
    return when(bench.until(lambda: _in(bench, Kind.SERVICE_PRINCIPAL, principal), times=1))


def _in(bench: Bench, kind: Kind, target_id: str, filter_: str | None = None) -> bool:
    return any(row["id"] == target_id for row in bench.listed(kind, filter_))


def _filtered(bench: Bench) -> Seen:
    group = bench.the_group()
    wanted = name_filter(Kind.GROUP, bench.group_name)
    seen = when(bench.until(lambda: _in(bench, Kind.GROUP, group, wanted), times=1))
    bench.filters = seen.key != "never"
    return seen


def _filtered_by_case(bench: Bench) -> Seen:
    group = bench.the_group()
    if not bench.filters:
        raise Untried("the filter does not find the name as it is")
    wanted = name_filter(Kind.GROUP, bench.group_name.upper())
    try:
        return Seen("found" if _in(bench, Kind.GROUP, group, wanted) else "exact")
    except Refusal as refusal:
        if not refused(refusal):
            raise
        return Seen("exact", str(refusal.status))


def _delete_principal(bench: Bench) -> Seen:
    return _deleted(bench, bench.the_principal())


def _delete_group(bench: Bench) -> Seen:
    return _deleted(bench, bench.the_group())


def _deleted(bench: Bench, target_id: str) -> Seen:
    bench.delete(target_id)
    return effect(bench.until(lambda: bench.look(target_id) is None))


CREATE = Probe(
    "group.create",
    "a group made with a member",
    {
        "with": assumed("it is made, with its member"),
        "without": safe("made without its member", "The next run adds who is missing by PATCH."),
        "alone": Outcome("made; there was nobody to put into it", "untried"),
    },
    _create,
)
READING = (
    Probe("group.read_back", "GET by id of the new group", READ_BACK, _read_back),
    Probe("group.external_id", "externalId of the group, read back", EXTERNAL_ID, _external_id),
    Probe("group.listed", "the new group in the whole listing", LISTED, _listed),
    Probe(
        "service_principal.listed",
        "the new service principal in the whole listing",
        LISTED,
        _principal_listed,
    ),
    Probe("group.filtered", "the new group by a filter on its name", LISTED, _filtered),
    Probe(
        "group.filtered_by_case",
        "the same filter in capitals",
        {
            "found": assumed("finds it"),
            "exact": safe(
                "does not find it", "A sync reads the whole listing where a filter finds nothing."
            ),
        },
        _filtered_by_case,
    ),
)
WRITING = (
    Probe("group.external_id_change", "PATCH of the group's externalId", WRITTEN, _new_external_id),
)
DELETING = (
    Probe(
        "service_principal.delete", "DELETE of the service principal", WRITTEN, _delete_principal
    ),
    Probe("group.delete", "DELETE of the group", WRITTEN, _delete_group),
)
