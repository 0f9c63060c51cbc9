"""People who lose a group by a plan, whatever the shape of the change, and of how many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from aadsync_lib.model.account import Account, Members, TargetSnapshot
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Links
from aadsync_lib.model.plan import Loss, Managed
from aadsync_lib.reconcile.paths import reached

Nesting = Mapping[str, frozenset[str]]  # the direct members of each group, by target ids
TAKING = (Action.REMOVE_MEMBERS, Action.DELETE_GROUP)


def managed(links: Links, target: TargetSnapshot, members: Mapping[str, Members | None]) -> Managed:
    """Count what a sync manages and is active now; ``members`` are those of the groups it may change."""
    accounts = target.accounts
    linked = [accounts[target_id] for target_id in links.by_target if target_id in accounts]
    people = sum(account.active for account in linked if account.kind is not Kind.GROUP)
    sizes = [len(ids) for ids in members.values() if isinstance(ids, frozenset)]
    ours = (account.id for account in linked if account.kind is Kind.GROUP)
    return Managed(people, sum(members.get(group) != frozenset() for group in ours), sum(sizes))


def groups_leaving(
    changes: Iterable[Change], members: Mapping[str, Members], accounts: Mapping[str, Account]
) -> frozenset[str]:
    """Return the groups, by target id, that are taken out of others, or are in those, and whose members are not known."""
    taken = (member for change in changes if change.action in TAKING for member in change.members)
    waiting = [ref.target_id for ref in taken if ref.type is Kind.GROUP and ref.target_id]
    seen = set(waiting)
    for group in waiting:
        current = members.get(group)
        new = current - seen if isinstance(current, frozenset) else ()
        nested = [one for one in new if one in accounts and accounts[one].kind is Kind.GROUP]
        seen.update(nested)
        waiting.extend(nested)
    return frozenset(seen - members.keys())


def losses(
    changes: Sequence[Change], members: Mapping[str, Members], accounts: Mapping[str, Account]
) -> tuple[Loss, ...]:
    """Return whoever is in a group now, at any depth, and is not after the plan."""
    taking = [change for change in changes if change.action in TAKING and change.target_id]
    if not taking:
        return ()
    before = {group: ids for group, ids in members.items() if isinstance(ids, frozenset)}
    nestings = _Nestings(before, _after(changes, before))
    lost: dict[str | None, dict[str, tuple[Change, str]]] = defaultdict(dict)
    for change in taking:  # a group may lose people by several changes
        for target_id, through in nestings.lost(change):
            lost[change.target_id].setdefault(target_id, (change, through))
    return tuple(
        loss for of_group in lost.values() for loss in _of_group(of_group, nestings, accounts)
    )


def _of_group(
    lost: Mapping[str, tuple[Change, str]], nestings: _Nestings, accounts: Mapping[str, Account]
) -> list[Loss]:
    """Return the losses of one group by name; of whom no list shows, the id is all that is known."""
    found = []
    for target_id, (change, through) in lost.items():
        account = accounts.get(target_id)
        name, kind = (account.name, account.kind) if account else (target_id, Kind.USER)
        above = nestings.lost_above(change.target_id or "", target_id)
        names = tuple(accounts[group].name for group in above if group in accounts)
        found.append(Loss(name, change.name, kind, change.reason, through, names))
    return sorted(found, key=lambda loss: loss.name)


class _Nestings:
    """Who is in which group now, and after the plan."""

    def __init__(self, before: Nesting, after: Nesting) -> None:
        self._before = before
        self._after = after
        self._parents: dict[str, set[str]] = defaultdict(set)
        for group, ids in before.items():
            for nested in ids & before.keys():
                self._parents[nested].add(group)
        self._above: dict[str, tuple[tuple[str, frozenset[str]], ...]] = {}

    def lost(self, change: Change) -> Iterator[tuple[str, str]]:
        """Yield the people whom a change takes out of its group and whom no other way leads into it.

        With the name of the nested group that they leave it with; nothing for who is directly in it.
        """
        assert change.target_id
        ways: dict[str, str] = {}
        for member in change.members:
            target_id, nested = member.target_id or "", member.type is Kind.GROUP
            gone = _people(target_id, self._before) if nested else {target_id}
            ways |= dict.fromkeys(gone - ways.keys(), member.name if nested else "")
        staying = _people(change.target_id, self._after)
        yield from ((gone, way) for gone, way in ways.items() if gone not in staying)

    def lost_above(self, group: str, person: str) -> Iterator[str]:
        """Yield the groups that contain a group now and that a person is not in after the plan."""
        if group not in self._above:
            above = reached([group], lambda key: self._parents.get(key, ())).keys() - {group}
            self._above[group] = tuple((key, _people(key, self._after)) for key in sorted(above))
        return (key for key, staying in self._above[group] if person not in staying)


def _people(group: str, nesting: Nesting) -> frozenset[str]:
    inside = frozenset[str]().union(*(nesting[below] for below in _groups(group, nesting)))
    return inside - nesting.keys()


def _groups(top: str, nesting: Nesting) -> Iterator[str]:
    """Yield a group and all groups in it, as far as they are known."""
    waiting, seen = [top], {top}
    while waiting:
        group = waiting.pop()
        if group in nesting:
            yield group
            new = (nesting[group] & nesting.keys()) - seen
            seen |= new
            waiting.extend(new)


def _after(changes: Iterable[Change], before: Nesting) -> Nesting:
    """Return the members as the plan leaves them; who is only made by it loses nothing."""
    after = dict(before)
    for change in changes:
        group = change.target_id or ""
        ids = frozenset(member.target_id for member in change.members if member.target_id)
        if change.action is Action.DELETE_GROUP:
            after.pop(group, None)
        elif change.action is Action.REMOVE_MEMBERS and group in after:
            after[group] -= ids
        elif change.action is Action.ADD_MEMBERS and group in after:
            after[group] |= ids
    return after
