"""Times a plan alone: a first sync and one with nothing to do, without any network.

python -m tests.bench.plan [users groups memberships]
"""

from __future__ import annotations

import gc
import random
import sys
import time
from dataclasses import replace

from aadsync_lib.config.policy import Capacity, Policy
from aadsync_lib.config.scope import MappingSettings, Scope
from aadsync_lib.model.account import Account, TargetSnapshot
from aadsync_lib.model.directory import Group, Snapshot, User
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Links, Origin
from aadsync_lib.model.plan import TargetPlan
from aadsync_lib.reconcile.context import build_context
from aadsync_lib.reconcile.desired.naming import desire
from aadsync_lib.reconcile.planner import draft
from tests.bench.memory import peak

SCOPE = Scope.model_validate({"groups": [{"prefix": "G"}]})
UNLIMITED = Capacity(groups=None, principals=None)
NESTED = 3  # groups that each group but the last ones contains


def company(users: int, groups: int, memberships: int) -> Snapshot:
    """A directory of this size, the same for the same numbers."""
    chance = random.Random(1)
    people = {
        f"{n:08x}-aaaa-4bbb-8ccc-000000000000": User(
            f"{n:08x}-aaaa-4bbb-8ccc-000000000000", f"user{n}@contoso.com", display_name=f"User {n}"
        )
        for n in range(users)
    }
    ids = list(people)
    gids = [f"{n:08x}-dddd-4eee-8fff-000000000000" for n in range(groups)]
    each = memberships // groups
    found: dict[str, Group] = {}
    for n, gid in enumerate(gids):
        nested = gids[4 * n + 1 : 4 * n + 1 + NESTED]
        direct = chance.sample(ids, min(each - len(nested), len(ids)))
        found[gid] = Group(gid, f"Group {n}", members=frozenset((*nested, *direct)))
    return Snapshot(frozenset(gids), people, {}, found)


def plan(snapshot: Snapshot, target: TargetSnapshot, links: Links, members: object) -> TargetPlan:
    """Plan as the engine does."""
    desired = desire(snapshot, SCOPE, MappingSettings())
    context = build_context(desired, target, links, Policy(), capacity=UNLIMITED)
    context.editable_groups()
    return draft("account", replace(context, members=members)).plan


def applied(snapshot: Snapshot) -> tuple[TargetSnapshot, Links, dict[str, frozenset[str]]]:
    """Return the account as the first sync leaves it."""
    number = {oid: str(10**9 + n) for n, oid in enumerate((*snapshot.users, *snapshot.groups))}
    people = [
        Account(number[one.id], Kind.USER, one.user_principal_name, one.display_name, one.id)
        for one in snapshot.users.values()
    ]
    groups = [
        Account(number[one.id], Kind.GROUP, one.display_name, None, one.id)
        for one in snapshot.groups.values()
    ]
    accounts = {one.id: one for one in (*people, *groups)}
    links = Links(
        Link(one.kind, str(one.external_id), one.id, Origin.CREATED, one.name)
        for one in accounts.values()
    )
    members = {
        number[one.id]: frozenset(number[member] for member in one.members)
        for one in snapshot.groups.values()
    }
    return TargetSnapshot(accounts), links, members


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:4]] or [100_000, 10_000, 1_000_000]
    snapshot = company(*sizes)
    gc.collect()
    print(f"{sizes[0]} users, {sizes[1]} groups, {sizes[2]} memberships; inputs {peak():.0f} MiB")
    for name in ("first sync", "nothing to do"):
        world = (TargetSnapshot({}), Links(), {})
        if name == "nothing to do":
            world = applied(snapshot)
        began, cpu = time.perf_counter(), time.process_time()
        found = plan(snapshot, *world)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        print(
            f"{name}: {len(found.changes)} changes in {seconds:.2f} s ({cpu:.2f} s of CPU), peak {peak():.0f} MiB"
        )
        del found, world


if __name__ == "__main__":
    main()
