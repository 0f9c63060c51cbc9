"""Plans that are narrowed to some identities: less of what is planned, and never more."""

from __future__ import annotations

from typing import Any

from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.plan import Quarantined, ReplacementPath, Unapplied, UnappliedBy
from aadsync_lib.reconcile.narrowing import narrowed
from aadsync_lib.reconcile.split import Held, Split


def ref(name: str, kind: Kind = Kind.USER) -> MemberRef:
    return MemberRef(f"u-{name}", f"t-{name}", name, kind)


def change(action: Action, external_id: str, **more: Any) -> Change:
    return Change(action, external_id, f"t-{external_id}", external_id, "", **more)


def adds(group: str, *names: str) -> Change:
    return change(Action.ADD_MEMBERS, group, members=tuple(map(ref, names)))


def removes(group: str, *names: str) -> Change:
    return change(Action.REMOVE_MEMBERS, group, members=tuple(map(ref, names)))


def group_named(action: Action, group: str, now: str | None, before: str | None = None) -> Change:
    after = Attributes(display_name=now) if now else None
    return change(action, group, after=after, before=Attributes(display_name=before))


ADA = change(Action.CREATE_USER, "u-ada", after=Attributes(user_name="ada"))
BOB = change(Action.CREATE_USER, "u-bob", after=Attributes(user_name="bob"))


def test_a_person_brings_changes_of_the_account_and_memberships_alone():
    left = removes("g-old", "ada", "cy")
    split = narrowed(Split((ADA, BOB, adds("g", "ada", "bob"), adds("h", "bob"), left)), {"u-ada"})
    assert split.changes == [ADA, adds("g", "ada"), removes("g-old", "ada")]
    assert split.deferred == ()


def test_the_group_that_a_person_joins_is_made_for_that():
    made = group_named(Action.CREATE_GROUP, "g", "Data")
    other = group_named(Action.CREATE_GROUP, "h", "Ops")
    split = narrowed(
        Split((ADA, made, other, adds("g", "ada", "bob"), adds("h", "bob"))), {"u-ada"}
    )
    assert split.changes == [ADA, made, adds("g", "ada")]


def test_a_group_brings_its_members_and_who_of_them_is_to_be_made():
    off = change(Action.DEACTIVATE_USER, "u-cy")
    split = narrowed(Split((ADA, BOB, off, adds("g", "ada"), removes("g", "cy"))), {"g"})
    assert split.changes == [ADA, adds("g", "ada"), removes("g", "cy")]


def test_who_leaves_for_another_way_stays_where_that_is_not_opened():
    path = ReplacementPath("t-g", "t-ada", (("h", "u-bob"),))
    split = narrowed(Split((removes("g", "ada", "cy"), adds("h", "bob")), (path,)), {"g"})
    assert split.changes == [removes("g", "cy")]
    (held,) = split.on_hold
    assert "ada stays until another way" in held.reason
    assert split.replacement_paths == ()


def test_who_leaves_for_a_way_that_is_opened_goes():
    path = ReplacementPath("t-g", "t-ada", (("h", "u-ada"),))
    changes = [adds("h", "ada"), removes("g", "ada")]
    split = narrowed(Split(changes, (path,)), {"u-ada"})
    assert split.changes == changes
    assert split.replacement_paths == (path,)


def test_a_group_that_somebody_needs_until_then_is_not_deleted():
    path = ReplacementPath("t-g", "t-ada", (("h", "u-ada"),))
    gone = change(Action.DELETE_GROUP, "g", members=(ref("ada"), ref("cy")))
    split = narrowed(Split((adds("h", "ada"), gone), (path,)), {"g"})
    assert split.changes == []
    assert len(split.on_hold) == 1
    alone = narrowed(Split((removes("g", "ada"), adds("h", "ada")), (path,)), {"g"})
    assert alone.changes == []


def test_nobody_takes_a_name_that_another_one_still_has():
    freed = group_named(Action.RENAME_GROUP, "old", "Data 1", before="Data")
    made = group_named(Action.CREATE_GROUP, "g", "DATA")
    split = narrowed(Split((freed, made, adds("g", "ada"))), {"g"})
    assert split.changes == ()
    assert "rename_group old" in split.on_hold[0].reason
    whole = narrowed(Split((freed, made)), {"g", "old"})
    assert whole.changes == [freed, made]


def test_the_name_of_who_is_deleted_is_taken_as_well_and_other_kinds_do_not_matter():
    gone = Change(Action.DELETE_USER, "u-old", "t", "Ada", "")
    assert narrowed(Split((gone, ADA)), {"u-ada"}).on_hold
    group = Change(Action.DELETE_GROUP, "g-old", "t", "ada", "")
    nameless = group_named(Action.RENAME_GROUP, "g2", "x")
    assert narrowed(Split((group, nameless, ADA)), {"u-ada"}).changes == [ADA]


def test_what_is_deferred_of_others_is_not_told():
    mine, other = (Held(Quarantined(key, key, "")) for key in ("u-ada", "u-bob"))
    left = Unapplied(removes("g", "ada", "bob"), UnappliedBy.DRIFT)
    theirs = Unapplied(removes("g", "bob"), UnappliedBy.DRIFT)
    split = narrowed(Split((), (mine, other, left, theirs)), {"u-ada"})
    assert split.deferred == (mine, left)


def test_nothing_planned_is_nothing_done():
    assert narrowed(Split(()), {"u-ada"}) == Split([])
