"""Probes of the service principal."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from aadsync_lib.databricks.errors import Refusal
from aadsync_lib.databricks.translate import attribute_operations
from aadsync_lib.doctor.probe.answers import Seen, Untried, assumed, matters, safe
from aadsync_lib.doctor.probe.bench import Bench, effect, refused
from aadsync_lib.doctor.probe.definition import Probe, of_service_principals
from aadsync_lib.doctor.probe.wordings import DUPLICATE, EXTERNAL_ID, WRITTEN
from aadsync_lib.model.identity import Attributes, Kind


def _create(bench: Bench) -> Seen:
    wanted = Attributes(
        application_id=str(uuid4()) if bench.azure else None,
        display_name=bench.name,
        external_id=bench.external_id,
        active=True,
    )
    try:
        bench.principal = _made(bench, wanted, fresh=True)
    except Refusal as refusal:
        if not (bench.azure and refused(refusal)) or refusal.status == 409:
            raise
        own = Attributes(display_name=bench.name, external_id=bench.external_id, active=True)
        bench.principal = _made(bench, own, fresh=True)
        return Seen("refused", f"{refusal.status}")
    bench.application_id = wanted.application_id or ""
    return Seen("made")


def _made(bench: Bench, wanted: Attributes, *, fresh: bool = False) -> str:
    return str(bench.create(Kind.SERVICE_PRINCIPAL, wanted, fresh=fresh)["id"])


def _application_id(bench: Bench) -> Seen:
    if not bench.application_id:
        bench.the_principal()
        raise Untried("the service principal was made without an applicationId")
    row = _shown(bench)
    return same(bench.application_id, row.get("applicationId"), missing="replaced")


def _external_id(bench: Bench) -> Seen:
    return same(bench.external_id, _shown(bench).get("externalId"))


def _duplicate(bench: Bench) -> Seen:
    bench.the_principal()
    if not bench.application_id:
        raise Untried("the service principal was made without an applicationId")
    wanted = Attributes(application_id=bench.application_id, display_name=bench.name)
    return twice(lambda: _made(bench, wanted))


def _rename(bench: Bench) -> Seen:
    return _set(
        bench,
        "displayName",
        f"{bench.name}-renamed",
        Attributes(display_name=f"{bench.name}-renamed"),
    )


def _active(bench: Bench) -> Seen:
    off = _set(bench, "active", False, Attributes(active=False))
    if off.key != "done":
        return off
    return _set(bench, "active", True, Attributes(active=True))


def _new_external_id(bench: Bench) -> Seen:
    key = str(uuid4())
    return _set(bench, "externalId", key, Attributes(external_id=key))


def _set(bench: Bench, attribute: str, value: str | bool, wanted: Attributes) -> Seen:
    principal = bench.the_principal()
    bench.patch(principal, *attribute_operations(wanted))
    return effect(bench.until(lambda: alike((bench.look(principal) or {}).get(attribute), value)))


def _shown(bench: Bench) -> dict[str, object]:
    principal = bench.the_principal()
    bench.until(lambda: bench.look(principal) is not None)
    row = bench.look(principal)
    if row is None:
        raise Untried("GET by id does not show it")
    return row


def alike(have: object, want: object) -> bool:
    """Return whether an attribute is as it was set; the case of text does not count."""
    if isinstance(have, str) and isinstance(want, str):
        return have.lower() == want.lower()
    return have == want


def same(sent: str, shown: object, *, missing: str = "missing") -> Seen:
    """Return whether an id came back as it was sent."""
    if shown == sent:
        return Seen("kept")
    if isinstance(shown, str) and shown.lower() == sent.lower():
        return Seen("other_case")
    return Seen(missing)


def twice(make: Callable[[], object]) -> Seen:
    """Make an object that is there already; the clean-up removes it where it could be made."""
    try:
        make()
    except Refusal as refusal:
        if refusal.status == 409:
            return Seen("conflict")
        if not refused(refusal):
            raise
        return Seen("otherwise", str(refusal.status))
    return Seen("accepted")


PROBES = (
    Probe(
        "service_principal.create",
        "a service principal of a made-up applicationId",
        {
            "made": assumed("it is made"),
            "refused": safe(
                "refused; one of Databricks' own was made instead",
                "Databricks asks Entra about applicationIds. A sync sends those of Entra's own alone, "
                "which this does not prove: look at the first service principal that it makes.",
            ),
        },
        _create,
        of_service_principals,
    ),
    Probe(
        "service_principal.application_id",
        "the applicationId, read back",
        {
            "kept": assumed("as it was sent"),
            "other_case": safe("in another case", "Ids are compared without regard to case."),
            "replaced": matters(
                "another one",
                "A sync finds service principals by their applicationId: it would not find its own.",
            ),
        },
        _application_id,
        of_service_principals,
    ),
    Probe(
        "service_principal.external_id",
        "externalId of the service principal, read back",
        EXTERNAL_ID,
        _external_id,
        of_service_principals,
    ),
    Probe(
        "service_principal.duplicate",
        "a second service principal of the same applicationId",
        DUPLICATE,
        _duplicate,
        of_service_principals,
    ),
    Probe(
        "service_principal.rename",
        "PATCH of a service principal's displayName",
        WRITTEN,
        _rename,
        of_service_principals,
    ),
    Probe(
        "service_principal.active",
        "PATCH of active, to false and back",
        WRITTEN,
        _active,
    ),
    Probe(
        "service_principal.external_id_change",
        "PATCH of a service principal's externalId",
        WRITTEN,
        _new_external_id,
        of_service_principals,
    ),
)
