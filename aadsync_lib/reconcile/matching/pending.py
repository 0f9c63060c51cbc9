"""Resolves writes whose outcome was never recorded, because a run died in between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, replace

from aadsync_lib.model.account import Account, Members, TargetSnapshot
from aadsync_lib.model.assignment import AccessShown
from aadsync_lib.model.change import ACCESS, MEMBERS, Action, Change
from aadsync_lib.model.identity import Attributes, Kind, same_name
from aadsync_lib.model.link import Link, Links, Origin
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.ports import Pending
from aadsync_lib.reconcile.assignments.given import placed, shows

LOST = "the run ended before the answer was recorded, and the target does not show the change"


@dataclass(frozen=True, slots=True)
class ResolvedLinks:
    """The links that unrecorded writes made or ended."""

    linked: tuple[Link, ...] = ()
    unlinked: tuple[str, ...] = ()

    def applied_to(self, links: Links) -> Links:
        """Return the links as they would be, had the outcomes been recorded."""
        linked = {link.external_id: link for link in self.linked}
        kept = (
            link for link in links.by_external.values() if link.external_id not in self.unlinked
        )
        return Links({**{link.external_id: link for link in kept}, **linked}.values())


def carries(account: Account, external_id: str | None) -> bool:
    """Return whether an object has this object id as its externalId, in whatever case it is written."""
    return _same_id(account.external_id, external_id) and external_id is not None


def former_links(known: Iterable[Link], before: Links, links: Links) -> Mapping[str, Link]:
    """Return what lost its link, by target id: also by a write that was not recorded."""
    moved = (
        link
        for external_id, link in before.by_external.items()
        if (now := links.by_external.get(external_id)) and now.target_id != link.target_id
    )
    by_target = {link.target_id: link for link in (*known, *moved)}
    return {
        target_id: link for target_id, link in by_target.items() if target_id not in links.by_target
    }


def former_origin(former: Iterable[Link], change: Change) -> Origin:
    """Return how an object was linked that this change adopts, where it was this identity's before."""
    wanted = (change.external_id, change.target_id)
    origins = (link.origin for link in former if (link.external_id, link.target_id) == wanted)
    return next(origins, Origin.ADOPTED)


def resolve_pending(
    pending: Iterable[Pending],
    target: TargetSnapshot,
    links: Links,
    former: Iterable[Link] = (),
    shared: Collection[str] = frozenset(),
) -> ResolvedLinks:
    """Find the objects that announced writes created, adopted or deleted after all.

    Only the externalId proves that an announced create made an object. What stands under its name
    without one may be anybody's: it is adopted, or not, as any other. What another sync manages by
    now is ``shared``, and not ours.
    """
    had = {*shared, *links.by_target, *(link.target_id for link in former)}
    index = _by_id(target)
    linked: dict[str, Link] = {}
    unlinked: list[str] = []
    for entry in pending:
        change = entry.change
        verb = change.action.verb
        if change.external_id is None:
            continue
        if verb in ("create", "adopt"):
            account = _found(change, index, target, had)
            owner = links.by_target.get(account.id) if account else None
            if account and account.id not in shared and _may_own(change, owner):
                unlinked += [owner.external_id] if owner else []
                linked[change.external_id] = _link_to(change, account, former)
        link = links.by_external.get(change.external_id)
        if link and link.target_id == change.target_id and _is_ended(change, target):
            unlinked.append(change.external_id)
    return ResolvedLinks(tuple(linked.values()), tuple(unlinked))


def outcomes_of_pending(
    pending: Iterable[Pending],
    target: TargetSnapshot,
    members: Mapping[str, Members],
    links: Links,
    access: AccessShown | None = None,
) -> Mapping[int, Outcome]:
    """Return, by journal entry, what the target and its workspaces show of each unrecorded write."""
    return {
        entry.entry: _outcome_of_access(placed(entry.change, links), access or {})
        if entry.change.action in ACCESS
        else _outcome(entry.change, target, members, links)
        for entry in pending
    }


def _outcome_of_access(change: Change, access: AccessShown) -> Outcome:
    done = shows(change, access)
    if done is None:
        return Outcome(change, Result.UNKNOWN, "the workspace could not be read")
    return Outcome(change, Result.DONE) if done else Outcome(change, Result.FAILED, LOST)


def _by_id(target: TargetSnapshot) -> Mapping[tuple[Kind, str], list[Account]]:
    accounts: dict[tuple[Kind, str], list[Account]] = defaultdict(list)
    for account in target.accounts.values():
        if account.external_id:
            accounts[account.kind, account.external_id.lower()].append(account)
    return accounts


def _found(
    change: Change,
    index: Mapping[tuple[Kind, str], list[Account]],
    target: TargetSnapshot,
    had: Container[str],
) -> Account | None:
    """Find what a change made or adopted; what somebody ``had`` before, or has by now, no change made.

    Of several with its externalId, it made the one that has its name: the others, no listing showed then.
    """
    if change.action.verb == "adopt":
        account = target.accounts.get(change.target_id or "")
        return account if account and carries(account, change.external_id) else None
    assert change.external_id
    same_id = index.get((change.action.kind, change.external_id.lower()), [])
    candidates = [account for account in same_id if account.id not in had]  # one of its former name
    if len(candidates) > 1:
        candidates = [account for account in candidates if same_name(account.name, change.name)]
    return candidates[0] if len(candidates) == 1 else None


def _link_to(change: Change, account: Account, former: Iterable[Link]) -> Link:
    """Return the link of what was found; an adopted group was perhaps not renamed any more."""
    assert change.external_id
    creates = change.action.verb == "create"
    origin = Origin.CREATED if creates else former_origin(former, change)
    name = change.name if creates or account.kind is not Kind.GROUP else account.name
    return Link(account.kind, change.external_id, account.id, origin, name)


def _may_own(change: Change, owner: Link | None) -> bool:
    """Return whether what was found can be this change's: an adoption may take over what another had."""
    if owner is None:
        return True
    before, after = change.before or Attributes(), change.after or Attributes()
    renumbers = not _same_id(before.external_id, after.external_id)
    shows = change.action.verb == "adopt" and renumbers
    return shows and not _same_id(owner.external_id, change.external_id)


def _is_ended(change: Change, target: TargetSnapshot) -> bool:
    """Return whether the target shows that an object was deleted, or given up: that often shows nothing."""
    account = target.accounts.get(change.target_id or "")
    if change.action.verb == "delete":
        return account is None and target.complete
    if change.action.verb != "release" or account is None or change.after is None:
        return False
    return _same_id(account.external_id, change.after.external_id)


def _same_id(left: str | None, right: str | None) -> bool:
    return (left or "").lower() == (right or "").lower()


def _outcome(
    change: Change, target: TargetSnapshot, members: Mapping[str, Members], links: Links
) -> Outcome:
    link = links.by_external.get(change.external_id or "")
    target_id = change.target_id or (link.target_id if link else None)
    account = target.accounts.get(target_id or "")
    if account is None and not target.complete:
        return Outcome(change, Result.UNKNOWN, "the target was not listed in full")
    if change.action in MEMBERS:
        if account is None:
            return Outcome(change, Result.FAILED, LOST)
        return _outcome_of_members(change, members.get(account.id), links)
    match change.action.verb:
        case "delete":
            done = account is None
        case "create" | "adopt":
            done = account is not None and link is not None and _is_it(change, account, link)
        case "release":
            done = link is None or link.target_id != change.target_id
        case _:
            done = account is not None and _shows(account, change.after)
    return Outcome(change, Result.DONE) if done else Outcome(change, Result.FAILED, LOST)


def _is_it(change: Change, account: Account, link: Link) -> bool:
    """Return whether the object is the one of this change, not what another user name has, or had."""
    by_name = change.action is Action.CREATE_USER
    named = not by_name or same_name(account.name, change.name)
    return named and link.target_id == account.id


def _shows(account: Account, after: Attributes | None) -> bool:
    wanted = after or Attributes()
    shown = account.name if account.kind is Kind.GROUP else account.display_name
    return wanted.active in (None, account.active) and wanted.display_name in (None, shown)


def _outcome_of_members(change: Change, current: Members | None, links: Links) -> Outcome:
    if not isinstance(current, frozenset):
        return Outcome(change, Result.UNKNOWN, "the group's members could not be read")
    adds = change.action is Action.ADD_MEMBERS
    done = []
    for member in change.members:
        link = links.by_external.get(member.external_id or "")
        target_id = member.target_id or (link.target_id if link else None)
        if (target_id in current) is adds:
            done.append(member)
    if done:
        return Outcome(replace(change, members=tuple(done)), Result.DONE)
    return Outcome(change, Result.FAILED, LOST)
