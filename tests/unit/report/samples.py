"""Plans and runs to render."""

from dataclasses import replace

from aadsync_lib.config.policy import Limits
from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.head import Address, Head
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.plan import (
    Estimate,
    Loss,
    Managed,
    Plan,
    Quarantined,
    TargetPlan,
    Unapplied,
    UnappliedBy,
    Unowned,
)
from aadsync_lib.model.run import Outcome, Requests, Result, RunReport, Status, TargetReport
from aadsync_lib.reconcile.guard import judge

HOSTILE = "\x1b[31m[red]x[/red]\x9b2J\u202e|`<b>@team</b>`\n#1 [link](http://evil.example) "

HEAD = Head(
    "2026-11-16T09:00:00Z", "ops@laptop", "contoso.yml", "5f0a2d3e-6c1b-4d4e-9f70-0c0ffee0ada0",
    "1.0.0",
)  # fmt: skip
ADDRESSES = {
    "account": Address("https://accounts.example", "9c1d0000-0000-4000-8000-00000000da7a"),
    "second": Address("https://adb-7.1.azuredatabricks.net", workspace_id=7),
}


def member(name, kind=Kind.USER):
    return MemberRef(f"entra-{name}", f"id-{name}", f"{name}@contoso.com", kind)


def create_user(name="ada@contoso.com", reason="in scope through Data Platform"):
    after = Attributes(user_name=name, display_name="Ada", external_id="e-ada", active=True)
    return Change(Action.CREATE_USER, "e-ada", None, name, reason, after=after)


def members_of(group, *, add=(), remove=()):
    def change(action, names, reason):
        members = tuple(map(member, names))
        return Change(action, f"e-{group}", f"t-{group}", group, reason, members=members)

    adds = [change(Action.ADD_MEMBERS, add, "members in Entra")] if add else []
    gone = [change(Action.REMOVE_MEMBERS, remove, "no longer members in Entra")] if remove else []
    return (*adds, *gone)


def changes():
    return (
        Change(
            Action.ADOPT_GROUP, "e-Sales", "t-Sales", "Sales", "same name, no externalId",
            before=Attributes(), after=Attributes(external_id="e-Sales"),
        ),
        create_user(),
        Change(
            Action.ACTIVATE_USER, "e-cy", "t-cy", "cy@contoso.com", "enabled again in Entra",
            before=Attributes(active=False), after=Attributes(active=True),
        ),
        Change(
            Action.UPDATE_SERVICE_PRINCIPAL, "e-etl", "t-etl", "9c1d", "display name differs",
            before=Attributes(display_name="ETL", active=False),
            after=Attributes(display_name="ETL nightly", external_id="e-etl", active=True),
        ),
        Change(
            Action.RENAME_GROUP, "e-ml", "t-ml", "ML", "renamed in Entra",
            before=Attributes(display_name="AI"), after=Attributes(display_name="ML"),
        ),
        Change(
            Action.CREATE_GROUP, "e-Data Platform", None, "Data Platform", "in scope by prefix",
            after=Attributes(display_name="Data Platform"),
        ),
        *members_of("Data Platform", add=tuple("abcdefgh")),
        *members_of("Sales", add=("ada",), remove=("eve", "bob")),
        *members_of("Night shift", remove=("zoe",)),
        Change(Action.DEACTIVATE_USER, "e-eve", "t-eve", "eve@contoso.com", "left the scope"),
        Change(Action.DELETE_GROUP, "e-old", "t-old", "Old", "gone from Entra"),
    )  # fmt: skip


def target_plan(*found, name="account", **more):
    more.setdefault("address", ADDRESSES[name])
    return TargetPlan(name, tuple(found), estimate=Estimate(len(found), len(found) / 2), **more)


def plan(*targets, **more):
    return Plan("contoso", targets, settings_digest="sha256:5e77", head=HEAD, **more)


def full_plan():
    """A plan with something in every section."""
    return plan(
        target_plan(
            *changes(),
            quarantined=(Quarantined("e-x", "x@contoso.com", "two Entra users map to this"),),
            on_hold=(Quarantined(None, "Finance", "members could not be read: 403"),),
            warnings=(Notice("cycle", "A contains B contains A"),),
            managed=Managed(40, 6, 120),
            emptied=("Night shift",),
            retired=("Old", "Older "),
            losing=(
                Loss("eve@contoso.com", "Sales", Kind.USER, "no longer members in Entra"),
                Loss("9c1d", "Sales", Kind.SERVICE_PRINCIPAL, "no longer members in Entra"),
                Loss("zoe@contoso.com", "Night shift", Kind.USER, "no longer members in Entra"),
            ),
            protected=frozenset({"t-breakglass", "t-admins"}),
        ),
        target_plan(name="second"),
        complete=False,
    )


def found():
    """Somebody else's objects, one of which no setting adopts."""
    return (
        Unowned(
            Kind.GROUP, "e-Ops", "t-ops", "Ops", "nobody: it has no externalId",
            "policy.adopt.groups: unowned",
        ),
        Unowned(Kind.USER, "e-ada", "t-ada", "ada@contoso.com", "the sync finance", None),
    )  # fmt: skip


def left():
    """Something that each setting leaves alone; who was added by hand is drift."""
    by_hand = replace(members_of("Sales", remove=tuple("pqrstuvw"))[0], drift=True)
    back = replace(members_of("Night shift", add=("zoe",))[0], drift=True)
    leaver = Change(Action.DEACTIVATE_USER, "e-eve", "t-eve", "eve@contoso.com", "left the scope")
    return (
        Unapplied(by_hand, UnappliedBy.MANAGED),
        Unapplied(back, UnappliedBy.DRIFT),
        Unapplied(leaver, UnappliedBy.ADDITIVE),
    )


def mended():
    """A rename by hand that is turned back."""
    return Change(
        Action.RENAME_GROUP, "e-ml", "t-ml", "ML", "renamed on the target by hand",
        before=Attributes(display_name="ML (old)"), after=Attributes(display_name="ML"), drift=True,
    )  # fmt: skip


def drifted_plan():
    """A plan that undoes a run, on a target that somebody else has changed, too."""
    target = target_plan(
        mended(), create_user(), unowned=found(), unapplied=left(), state_digest="sha256:57a7e"
    )
    return plan(target, undoes="r-0", source_digest="sha256:50c3")


def big_plan(people=8000, groups=2000):
    users = (create_user(f"user{n}@contoso.com") for n in range(people))
    teams = (
        change
        for n in range(groups)
        for change in members_of(f"Team {n}", add=[f"u{m}" for m in range(1 + n % 40)])
    )
    return plan(target_plan(*users, *teams))


def hostile_plan():
    rename = Change(
        Action.RENAME_GROUP, "g", "t", HOSTILE, f"was called {HOSTILE}",
        before=Attributes(display_name="old"), after=Attributes(display_name=HOSTILE),
    )  # fmt: skip
    notice = Notice("cycle", HOSTILE)
    held = (Quarantined("q", HOSTILE, HOSTILE),)
    strange = Unowned(Kind.GROUP, HOSTILE, HOSTILE, HOSTILE, HOSTILE, None)
    stays = Unapplied(
        replace(members_of(HOSTILE, add=(HOSTILE,))[0], drift=True), UnappliedBy.DRIFT
    )
    more = {"quarantined": held, "warnings": (notice,), "emptied": (HOSTILE,)}
    more |= {"unowned": (strange,), "unapplied": (stays, Unapplied(rename, UnappliedBy.ADDITIVE))}
    return plan(target_plan(rename, *members_of(HOSTILE, add=(HOSTILE,)), **more))


def outcomes():
    create, *_ = changes()[1:]
    adds, removes = members_of("Sales", add=("ada", "cy"), remove=("eve",))
    return (
        Outcome(create, Result.DONE),
        Outcome(adds, Result.DONE),
        Outcome(removes, Result.FAILED, "400 invalidValue: member not found"),
        Outcome(changes()[4], Result.SKIPPED),
        Outcome(changes()[2], Result.UNKNOWN),
        Outcome(changes()[3], Result.QUARANTINED, "two service principals have this id"),
    )


def report(*targets, **more):
    given = {
        "run_id": "r-1", "sync": "contoso", "digest": "sha256:d1", "full": True,
        "requests": Requests(7, 12), "seconds": 3.4321, "head": HEAD,
    }  # fmt: skip
    placed = tuple(replace(target, address=ADDRESSES.get(target.target)) for target in targets)
    return RunReport(targets=placed, **{**given, **more})


def done(**more):
    return report(TargetReport("account", Status.SUCCEEDED, outcomes()[:2], **more))


def partial():
    return report(
        TargetReport(
            "account",
            Status.PARTIAL,
            outcomes(),
            quarantined=(Quarantined("e-x", "x@contoso.com", "two Entra users map to this"),),
            on_hold=(Quarantined(None, "Finance", "members could not be read: 403"),),
            warnings=(Notice("cycle", "A contains B contains A"),),
        ),
        TargetReport("second", Status.SUCCEEDED),
    )


def drifted():
    """What became of ``drifted_plan``."""
    done = (Outcome(mended(), Result.DONE), Outcome(create_user(), Result.DONE))
    failed = Outcome(replace(mended(), name="AI"), Result.FAILED, "409 uniqueness")
    target = TargetReport(
        "account", Status.PARTIAL, (*done, failed), unowned=found(), unapplied=left()
    )
    return report(target, undoes="r-0")


def refusal(plan=None):
    """What the engine raises for this plan."""
    plan = plan or full_plan()
    return RefusedError(judge(plan, Limits()), plan, refused())


def refused():
    over = ("account: groups_emptied is 1, allowed 0: <b>Ops</b>",)
    return report(TargetReport("account", Status.REFUSED), requests=Requests(7, 5), over=over)
