"""Plans, runs and a history for the page, with nested groups and something in every part."""

import json
import re
from dataclasses import replace
from uuid import NAMESPACE_OID, uuid5

from aadsync_lib.model.carried import RunRecord
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.plan import GroupNode, Unapplied, UnappliedBy
from aadsync_lib.model.run import Recap, Status, TargetReport
from aadsync_lib.reconcile.guard import Breach, Verdict
from aadsync_lib.report.as_json import run_to_json
from aadsync_lib.report.next_steps import Call
from tests.unit.report import samples

DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
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


def long_plan(number):
    """So many changes of people and groups with ids, names and addresses as long as they are in companies."""
    people = [_person(n) for n in range(number * 4 // 5)]
    groups = [_group(n, people) for n in range(number - len(people))]
    nested = tuple(
        GroupNode(change.external_id, change.name,
                  tuple(each.external_id for each in groups[4 * n + 1 : 4 * n + 5]), n % 40)
        for n, change in enumerate(groups)
    )  # fmt: skip
    return replace(samples.plan(samples.target_plan(*people, *groups)), tree=nested)


def _person(n):
    name = f"annika.van-der-berg{n}"
    key, target_id = str(uuid5(NAMESPACE_OID, name)), str(4_503_599_627_370_496 + n * 7919)
    shown = Attributes(display_name=f"Annika van der Berg {n}")
    address = f"{name}@contoso.onmicrosoft.com"
    if n % 4 == 0:
        new = replace(shown, display_name=f"{shown.display_name} (external)")
        return Change(
            Action.UPDATE_USER, key, target_id, address, "display name differs", shown, new
        )
    if n % 4 == 1:
        return Change(Action.DEACTIVATE_USER, key, target_id, address, "left the scope")
    new = replace(shown, user_name=address, external_id=key, active=True)
    return Change(
        Action.CREATE_USER, key, None, address, f"in scope through dbx-team-{n % 300}", None, new
    )


def _group(n, people):
    name = f"dbx-contoso-team-{n:04}-engineers"
    key, target_id = str(uuid5(NAMESPACE_OID, name)), str(9_007_199_254_740_993 + n)
    some = (people[(n * 37 + m * 11) % len(people)] for m in range(1 + n % 40))
    members = tuple(MemberRef(one.external_id, None, one.name, Kind.USER) for one in some)
    action = Action.ADD_MEMBERS if n % 3 else Action.REMOVE_MEMBERS
    return Change(action, key, target_id, name, "members in Entra", members=members)


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


def data_of(html):
    """The data of a page."""
    return json.loads(DATA.search(html)[1])


def rows_of(html, name):
    """The rows of a table in the data of a page, each with what it opens to, as texts: as the scripts read it."""
    data = data_of(html)
    [grid] = [grid for grid in data["grids"] if grid["name"] == name]
    texts = _texts(data)
    columns = [[texts[number] for number in _numbers(cells, data)] for cells in grid["cells"]]
    details = [_numbers(detail, data) for detail in grid["details"]]
    return [
        (tuple(column[row % len(column)] for column in columns), _opened(grid, details[row], texts))
        for row in range(grid["size"])
    ]


def _texts(data):
    for begin, stop, end in data["ends"]:
        data["texts"][begin:stop] = [text + end for text in data["texts"][begin:stop]]
    return [
        text if isinstance(text, str) else "".join(data["texts"][part] for part in text)
        for text in data["texts"]
    ]


def _numbers(digits, data):
    size = data["width"]
    parts = (digits[at : at + size] for at in range(0, len(digits), size))
    return [
        sum(data["digits"].index(d) * 64**n for n, d in enumerate(part[::-1])) for part in parts
    ]


def _opened(grid, numbers, texts):
    shape, *values = numbers
    facts, differences = grid["shapes"][shape]
    rest = iter(values)
    said = {texts[name]: texts[next(rest)] for name in facts}
    changed = {
        texts[name]: tuple(texts[next(rest)] if there else "" for there in sides)
        for name, *sides in differences
    }
    return said, changed, [texts[number] for number in rest]
