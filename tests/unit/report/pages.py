"""Plans, runs and a history for the page, with nested groups and something in every part."""

import json
from dataclasses import replace

from aadsync_lib.model.carried import RunRecord
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import GroupNode, Unapplied, UnappliedBy
from aadsync_lib.model.run import Recap, Status, TargetReport
from aadsync_lib.reconcile.guard import Breach, Verdict
from aadsync_lib.report.as_json import run_to_json
from aadsync_lib.report.next_steps import Call
from tests.unit.report import samples

SCRIPT = "<script>alert(1)</script>"
HANDLER = '"><img src=x onerror=alert(1)>'
OVER = Breach("account", "groups_emptied", 1, "0", ("Night shift",))
CALL = Call(config="contoso.yml")
OVER_LIMITS = Verdict("sha256:d1", breaches=(OVER,))

TREE = (
    GroupNode("e-Data Platform", "Data Platform", ("e-ml", "e-Sales"), 42),
    GroupNode("e-ml", "ML", ("e-Night shift",), 8),
    GroupNode("e-Sales", "Sales", ("e-Night shift",), 17),
    GroupNode("e-Night shift", "Night shift", (), 1),
    GroupNode("e-Quiet", "Quiet", (), 4),
)


def nested_plan():
    """The plan with something in every section, as its groups are nested."""
    plan = samples.full_plan()
    first, second = plan.targets
    by_hand = replace(samples.members_of("Sales", add=("dan",))[0], drift=True)
    leaves = Unapplied(samples.members_of("ML", remove=("pat",))[0], UnappliedBy.MANAGED)
    stays = Unapplied(
        replace(samples.members_of("ML", add=("lea",))[0], drift=True), UnappliedBy.DRIFT
    )
    first = replace(
        first,
        changes=(*first.changes, by_hand),
        unowned=samples.found(),
        unapplied=(leaves, stays),
    )
    return replace(plan, targets=(first, second), tree=TREE)


def big_plan():
    """10,000 changes, in 2,000 groups that are nested in each other."""
    tree = (
        GroupNode(
            f"e-Team {n}", f"Team {n}",
            tuple(f"e-Team {m}" for m in range(4 * n + 1, 4 * n + 5) if m < 2000), 1 + n % 40,
        )
        for n in range(2000)
    )  # fmt: skip
    return replace(samples.big_plan(), tree=tuple(tree))


def wicked_plan():
    """What would run if any name were taken for markup."""
    plan = samples.hostile_plan()
    changes = tuple(
        change
        for name in (
            SCRIPT,
            HANDLER,
            "</script><script>alert(1)</script>",
            "<!--<script>",
            "{{ 7 * 7 }}",
        )
        for change in _wicked(name)
    )
    [target] = plan.targets
    groups = tuple(GroupNode(f"e{one.name}", one.name, (), 1) for one in changes)
    root = GroupNode("root", SCRIPT, tuple(one.external_id for one in groups), 5)
    return replace(plan, targets=(replace(target, changes=changes),), tree=(root, *groups))


def _wicked(name):
    members = (MemberRef(name, name, name, Kind.USER),)
    yield Change(Action.ADD_MEMBERS, f"e{name}", name, name, name, members=members)


def history():
    """Ten runs of each way to end, oldest last."""
    ways = ("succeeded", "partial", "refused", "failed", "running")
    return tuple(_record(10 - number, ways[number % 5]) for number in range(10))


def _record(day, status):
    recap = Recap({"create_user": 10 ** (day % 4) - 1}, 0, 0, (), ())
    target = TargetReport("account", Status.SUCCEEDED, recap=recap)
    report = None if status == "running" else json.dumps(run_to_json(samples.report(target)))
    began = 1_750_000_000.0 + 86_400 * day
    return RunRecord(
        f"r-{day}", "sha256:d", "sha256:s", True, None, "host", "svc", began,
        None if report is None else began + 60, status, report,
    )  # fmt: skip
