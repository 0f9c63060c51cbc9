"""Probes of names: renaming, spaces, and which names are one."""

from __future__ import annotations

from aadsync_lib.databricks.errors import Refusal
from aadsync_lib.databricks.translate import attribute_operations
from aadsync_lib.doctor.probe.answers import Outcome, Seen, Untried, assumed, matters, safe
from aadsync_lib.doctor.probe.bench import Bench, effect, refused
from aadsync_lib.doctor.probe.definition import Probe
from aadsync_lib.doctor.probe.principals import twice
from aadsync_lib.doctor.probe.wordings import DUPLICATE, WRITTEN
from aadsync_lib.model.identity import Attributes, Kind


def _duplicate(bench: Bench) -> Seen:
    bench.the_group()
    return twice(lambda: _second(bench, bench.group_name))


def _rename(bench: Bench) -> Seen:
    name = f"{bench.name}-Maße"
    seen = effect(_renamed(bench, name, name))
    bench.renames = seen.key == "done"
    return seen


def _trim(bench: Bench) -> Seen:
    bench.the_group()
    if not bench.renames:
        raise Untried("the group cannot be renamed")
    name = f"{bench.name}-Straße"
    try:
        shown = _renamed(bench, f"{name} ", name, f"{name} ")
    except Refusal as refusal:
        if not refused(refusal):
            raise
        return Seen("refused", str(refusal.status))
    if shown is None:
        raise Untried("the group does not show the new name")
    return Seen("kept" if bench.group_name.endswith(" ") else "trimmed")


def _renamed(bench: Bench, name: str, *expected: str) -> float | None:
    """Rename the group; return the seconds until it shows one of the names."""
    group = bench.the_group()
    bench.patch(group, *attribute_operations(Attributes(display_name=name)))
    seconds = bench.until(lambda: _name(bench) in expected)
    if seconds is not None:
        bench.group_name = _name(bench)
    return seconds


def _name(bench: Bench) -> str:
    return str((bench.look(bench.group) or {}).get("displayName") or "")


def _by_case(bench: Bench) -> Seen:
    bench.the_group()
    name = bench.group_name
    return _variant(bench, name[:-1] + name[-1].upper())


def _by_folding(bench: Bench) -> Seen:
    bench.the_group()
    name = bench.group_name
    if "ß" not in name:
        raise Untried("the group cannot be renamed")
    return _variant(bench, name.replace("ß", "ss"))


def _variant(bench: Bench, name: str) -> Seen:
    """Ask for a second group of nearly the same name."""
    try:
        bench.extras.append(_second(bench, name))
    except Refusal as refusal:
        if refusal.status == 409:
            return Seen("one")
        if not refused(refusal):
            raise
        return Seen("otherwise", str(refusal.status))
    return Seen("two")


def _second(bench: Bench, name: str) -> str:
    return str(bench.create(Kind.GROUP, Attributes(display_name=name))["id"])


VARIANT: dict[str, Outcome] = {
    "two": assumed("both may exist"),
    "one": safe(
        "taken for the same name, with 409",
        "Of two such groups of Entra only one can be there: the other is told as quarantined.",
    ),
    "otherwise": matters(
        "refused, with another status than 409",
        "Of two such groups of Entra the second one fails in every run: rename one of them in Entra.",
    ),
}

PROBES = (
    Probe("group.duplicate", "a second group of the same name", DUPLICATE, _duplicate),
    Probe("group.rename", "PATCH of the group's displayName", WRITTEN, _rename),
    Probe("group.case", "a second name that differs by case alone", VARIANT, _by_case),
    Probe("group.folding", "a second name with ss for ß", VARIANT, _by_folding),
)

SPACES = (
    Probe(
        "group.trim",
        "a name with a space at its end",
        {
            "kept": assumed("kept as it is"),
            "trimmed": safe(
                "the space is taken off", "A sync sends names without spaces around them."
            ),
            "refused": safe("refused", "A sync sends names without spaces around them."),
        },
        _trim,
    ),
)
