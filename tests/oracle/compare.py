"""What differs between an account and its fate."""

from __future__ import annotations

from collections.abc import Iterator

from tests.oracle.oracle import EdgeOutcome, Foretold
from tests.oracle.watched import Scene


def differences(foretold: Foretold, before: Scene, after: Scene) -> list[str]:
    """Return, in words, whatever is not as foretold."""
    return list(_differences(foretold, before, after))


def broken_off(foretold: Foretold, before: Scene, after: Scene) -> list[str]:
    """Return what is neither as it was nor as foretold: for runs that did not get through."""
    for tid, one in before.accounts.items():
        fate = foretold.presences[tid]
        fate.names |= {one.name}
        fate.external |= {one.external_id}
        fate.display |= {one.display_name}
        fate.active |= {one.active}
        fate.stays = True
        was = before.groups.get(tid, frozenset())
        fate.must &= was
        fate.may |= was
    for oid in foretold.presences.keys() - before.accounts.keys():
        foretold.presences[oid].goes = True
        foretold.presences[oid].must.clear()
    found = _differences(foretold, before, after)
    return [one for one in found if "(aadsync " not in one]  # a name for a moment, in a circle


def _differences(foretold: Foretold, before: Scene, after: Scene) -> Iterator[str]:
    new = {
        one.external_id: tid for tid, one in after.accounts.items() if tid not in before.accounts
    }
    place = {oid: new.get(oid, oid) for oid in foretold.presences}
    for oid, fate in foretold.presences.items():
        called = f"{fate.kind} {sorted(fate.names)} ({oid})"
        account = after.accounts.get(place[oid])
        if account is None:
            if not fate.goes:
                yield f"{called} is not there"
            continue
        if not fate.stays:
            yield f"{called} is still there"
            continue
        for what, value, allowed in (
            ("name", account.name, fate.names),
            ("externalId", account.external_id, fate.external),
            ("display name", account.display_name, fate.display),
            ("active", account.active, fate.active),
        ):
            if value not in allowed:
                yield f"{called}: {what} is {value!r}, foretold {allowed}"
        yield from _members(called, fate, place, after.groups.get(place[oid], frozenset()))
    for tid in after.accounts.keys() - set(place.values()):
        yield f"{after.accounts[tid].kind} {after.accounts[tid].name} ({tid}) was not foretold"


def _members(
    called: str, fate: EdgeOutcome, place: dict[str, str], members: frozenset[str]
) -> Iterator[str]:
    must, may = ({place.get(one, one) for one in some} for some in (fate.must, fate.may))
    if lacking := must - members:
        yield f"{called} lacks {sorted(lacking)}"
    if surplus := members - may - must:
        yield f"{called} has {sorted(surplus)} too many"
