"""Values for the store's tests, with defaults for what a test does not care about."""

from __future__ import annotations

from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Attributes, Kind, Permission
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.model.run import Outcome, Result


def change(
    external_id: str = "e1",
    name: str = "ada@contoso.com",
    *,
    action: Action = Action.CREATE_USER,
    target_id: str | None = None,
    members: tuple[MemberRef, ...] = (),
) -> Change:
    after = Attributes(user_name=name, external_id=external_id, active=True)
    return Change(action, external_id, target_id, name, "in scope", after=after, members=members)


def member(number: int) -> MemberRef:
    return MemberRef(f"e{number}", f"t{number}", f"user {number}", Kind.USER)


def link(external_id: str = "e1", target_id: str = "t1", name: str = "ada@contoso.com") -> Link:
    return Link(Kind.USER, external_id, target_id, Origin.CREATED, name)


def done(what: Change | None = None) -> Outcome:
    return Outcome(what or change(), Result.DONE)


def access(external_id: str, action: Action) -> Change:
    """A change of a group's access to a workspace."""
    assigned = Attributes(workspace_id=7, permission=Permission.USER)
    entitled = Attributes(workspace_id=7, entitlements=("workspace-access",))
    values = entitled if action is Action.GRANT_ENTITLEMENTS else assigned
    before, after = (values, None) if action is Action.UNASSIGN_WORKSPACE else (None, values)
    return Change(
        action,
        external_id,
        f"t-{external_id}",
        external_id,
        "",
        before,
        after,
        principal=Kind.GROUP,
    )
