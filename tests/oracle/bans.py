"""What may never happen, whatever goes wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Set

from aadsync_lib.config.settings import Settings
from aadsync_lib.model.directory import Presence
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link
from tests.oracle.ledger import RunLog, pairs
from tests.oracle.oracle import DAY, SKEW, Foretold, entitled_to
from tests.oracle.tenant import Tenant
from tests.oracle.watched import Effect, Scene, WatchedTarget, effective
from tests.oracle.wishes import Wishes, wish


def strangers_touched(
    foretold: Foretold, ledger: RunLog, before: Scene, after: Scene, effects: list[Effect]
) -> Iterator[str]:
    """Yield changes of objects that have no link of ours and did not get one."""
    created = {one.id for one in effects if one.verb == "create"}
    ours = ledger.owners.keys() | set(foretold.adopts.values()) | created | ledger.former
    for effect in effects:
        if effect.id not in ours:
            yield f"{effect.kind} {effect.id} is not ours: {effect}"
    for tid in before.accounts.keys() - ours:
        gone = before.groups.get(tid, frozenset()) - after.accounts.keys()
        if after.accounts.get(tid) != before.accounts[tid]:
            yield f"{tid} is not ours and was {before.accounts[tid]}"
        elif after.groups.get(tid, frozenset()) != before.groups.get(tid, frozenset()) - gone:
            yield f"{tid} is not ours and its members were changed"


def touched_by_undo(ledger: RunLog, before: Scene, effects: list[Effect]) -> Iterator[str]:
    """Yield writes of an undo to objects that neither are ours nor were made by it."""
    ours = ledger.owners.keys() | ledger.former | {e.id for e in effects if e.verb == "create"}
    for effect in effects:
        if effect.id not in ours:
            yield f"{effect.kind} {effect.id} is not ours: {effect}"
        elif effect.id in before.accounts and before.accounts[effect.id].admin:
            yield f"{effect.kind} {effect.id} is protected: {effect}"


def protected_touched(foretold: Foretold, before: Scene, after: Scene) -> Iterator[str]:
    """Yield changes of the protected, and memberships that they lost."""
    for tid in foretold.protected:
        if after.accounts.get(tid) != before.accounts[tid]:
            yield f"{tid} is protected and was {before.accounts[tid]}"
        for gid, members in before.groups.items():
            if tid in members and tid not in after.groups.get(gid, frozenset()):
                yield f"{tid} is protected and no longer in {gid}"


def access_lost(
    tenant: Tenant,
    settings: Settings,
    foretold: Foretold,
    then: RunLog,
    now: RunLog,
    before: Scene,
    after: Scene,
) -> Iterator[str]:
    """Yield whoever is in a group of Entra, read or not, was taken out of it, and is not in it any more.

    Where what somebody took out by hand stays out, it may be that which was missing. Who is in a group
    that nobody looks into goes with it.
    """
    if settings.policy.drift == "report" and then.known - pairs(before):
        return
    wishes = wish(tenant.truth(), settings.scope)
    was, is_ = ({oid: link.target_id for oid, link in one.links.items()} for one in (then, now))
    for group in wishes.of(Kind.GROUP):
        gid = was.get(group.id)
        if gid not in before.groups:
            continue
        out = before.groups[gid] - after.groups.get(gid, frozenset())
        had = out.union(*(effective(before, tid, foretold.looked_into) for tid in out))
        has = effective(after, gid, after.groups)
        people = wishes.of(Kind.USER, Kind.SERVICE_PRINCIPAL)
        for oid in entitled_to(wishes.all, group.id) & {one.id for one in people}:
            if was.get(oid) in had and not {was.get(oid), is_.get(oid)} & has:
                yield f"{oid} ({was.get(oid)}) lost its access to {group.name} ({gid})"


def duplicates(
    then: RunLog, ledger: RunLog, before: Scene, after: Scene, behind: Set[str]
) -> Iterator[str]:
    """Yield new objects that another one of the same identity stands beside.

    Of an identity that is linked, a stranger with its externalId is nothing to us; one that is in no
    listing (``behind``) nobody knows of.
    """
    strangers = before.accounts.keys() - then.owners.keys()
    ids = Counter(
        (one.kind, one.external_id)
        for tid, one in after.accounts.items()
        if one.external_id and tid not in ledger.former
        if not (tid in strangers and (one.external_id in then.links or tid in behind))
    )
    for tid in after.accounts.keys() - before.accounts.keys():
        one = after.accounts[tid]
        if ids[one.kind, one.external_id] > 1:
            yield f"{one.kind} {one.name} is there twice, with externalId {one.external_id}"


def too_early(
    ledger: RunLog,
    settings: Settings,
    tenant: Tenant,
    wishes: Wishes,
    effects: list[Effect],
    now: float,
) -> Iterator[str]:
    """Yield leavers whose account ended before the grace was over."""
    if not settings.policy.grace_days:
        return
    for one in effects:
        oid = ledger.owners.get(one.id)
        ends = one.verb == "delete" or (one.wanted is not None and one.wanted.active is False)
        disabled = one.verb == "update" and tenant.presence(oid or "") is Presence.DISABLED
        if oid and one.kind is not Kind.GROUP and ends and oid not in wishes.all and not disabled:
            waited = (now + SKEW - ledger.missing.get(oid, (now, now))[0]) / DAY
            if waited < settings.policy.grace_days:
                yield f"{oid} ({one.id}) ended after {waited:.1f} days"


def untried(
    foretold: Foretold, wishes: Wishes, ledger: RunLog, target: WatchedTarget, before: Scene
) -> Iterator[str]:
    """Yield what a run that got through should have taken away and did not even try to.

    Whom Entra has in a group, or in one above, may have to wait for another way into it, and with them
    the groups that they are in; so may what is to be replaced, and a group that is only adopted.
    """
    after = target.scene()
    whose = {tid: oid for oid, tid in foretold.matches.items() if tid} | ledger.owners
    groups = {tid: oid for oid, tid in foretold.matches.items() if tid in before.groups}

    def waits(gid: str, member: str) -> bool:
        above = {g for g in before.groups if gid in effective(before, g, before.groups)} | {gid}
        entitled = set().union(*(entitled_to(wishes.all, groups[g]) for g in above & groups.keys()))
        inside = {member, *effective(before, member, before.groups)}
        return not entitled.isdisjoint(
            whose.get(tid, before.accounts[tid].external_id) for tid in inside
        )

    for tid, account in after.accounts.items():
        fate = foretold.presences.get(tid)
        if fate is None or tid not in before.accounts or tid in foretold.adopts.values():
            continue
        for member in (
            before.groups.get(tid, frozenset()) & after.groups.get(tid, frozenset()) - fate.may
        ):
            if (tid, member) not in target.tried and not waits(tid, member):
                yield f"nobody tried to take {member} out of {account.name} ({tid})"
        ends = not fate.stays or account.active not in fate.active
        person = account.kind is not Kind.GROUP and account.active
        if person and ends and tid not in target.touched and whose.get(tid) not in wishes.all:
            yield f"nobody tried to end {account.name} ({tid})"


def wrong_links(
    foretold: Foretold, old: dict[str, Link], ledger: RunLog, before: Scene, after: Scene
) -> Iterator[str]:
    """Yield links that came from nowhere, and links that went though their object stands."""
    for oid, link in ledger.links.items():
        tid = link.target_id
        known = oid in old and old[oid].target_id == tid
        if not known and ledger.made.get(tid) != oid and foretold.adopts.get(oid) != tid:
            yield f"{oid} is linked to {tid}, which it neither made nor may adopt"
    owners = ledger.owners
    for oid, link in old.items():
        free = link.target_id in after.accounts and link.target_id not in owners
        if free and oid not in ledger.links:
            yield f"{oid} lost its link to {link.target_id}, which is still there"
