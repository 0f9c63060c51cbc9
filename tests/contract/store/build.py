"""Values for the store's tests, with defaults for what a test does not care about."""

from __future__ import annotations

from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Attributes, Kind
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
