"""What one target has of an identity."""

from __future__ import annotations

from aadsync_lib.engine.explain.direct import Rows
from aadsync_lib.engine.explain.view import View
from aadsync_lib.engine.explain.watching import Side
from aadsync_lib.model.explanation import Path, Paths, Standing, Step
from aadsync_lib.reconcile.paths import LISTED, ways_up


def standing(view: View) -> Standing:
    """Return all there is to say."""
    account, links = view.account, view.side.part.links
    paths = _paths(view) if view.group else None  # which reads groups that the rows then know
    link = links.by_target.get(account.id) if account else None
    return Standing(
        target=view.side.name,
        account=account,
        origin=link.origin if link else None,
        protected=account is not None and account.id in view.side.plan.protected,
        next=tuple((one.action.value, one.reason) for one in view.changes()),
        notes=view.notes,
        groups=Rows(view).all(),
        paths=paths,
    )


def _paths(view: View) -> Paths:
    top, account, side = (
        view.account_of(view.group) if view.group else None,
        view.account,
        view.side,
    )
    if top is None or account is None:
        return Paths()
    side.read_below(top.id)
    parents = _parents(side)
    ways, whole = ways_up(account.id, top.id.__eq__, lambda one: parents.get(one, ()))
    listed = tuple(path_on(side, way) for way in ways[:LISTED])
    return Paths(listed, len(ways) - len(listed), whole)


def path_on(side: Side, way: tuple[str, ...]) -> Path:
    """Return a way through the groups of a target."""
    return Path(tuple(Step(one, side.accounts[one].name) for one in way))


def _parents(side: Side) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for group in side.target.seen:
        for member in side.members(group):
            found.setdefault(member, []).append(group)
    return found
