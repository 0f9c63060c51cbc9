"""Workspaces of an account in memory, with state and with faults."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from aadsync_lib.config.settings import Settings, WorkspaceAssignments
from aadsync_lib.model.account import Unread
from aadsync_lib.model.assignment import AccessShown, WorkspaceAccess, WorkspaceId
from aadsync_lib.model.identity import Kind, Permission, name_key
from aadsync_lib.model.rates import ACCESS_RATES, Verb
from aadsync_lib.ports import AnswerLost, ChangeRefused
from tests.unit.build import settings
from tests.unit.fakes import FakeTarget, Fault, Killed

Rule = dict[str, Any]
FIRST = 7  # the id of the workspace where a test has only one


def with_workspaces(*rules: Rule, more: Iterable[int] = (), **policy: Any) -> Settings:
    """Settings with these rules in the first workspace, and in ``more``."""
    config = settings(**policy)
    workspaces = tuple(
        WorkspaceAssignments.model_validate(
            {"workspace_id": each, "host": f"https://adb-{each}.example.net", "assign": list(rules)}
        )
        for each in (FIRST, *more)
    )
    target = config.targets[0].model_copy(update={"workspaces": workspaces})
    return config.model_copy(update={"targets": (target, *config.targets[1:])})


def rule(*groups: str, permission: str = "user", entitlements: Iterable[str] = ()) -> Rule:
    """A rule for groups whose names match."""
    return {"groups": list(groups), "permission": permission, "entitlements": list(entitlements)}


class FakeWorkspaces:
    """Workspaces that know the principals of a target.

    ``unreadable`` ones have a reason; ``local`` are names of their own groups. ``faults`` go by the index of
    a write, counted from 0. ``slow`` principals are unknown to workspaces for so many tries.
    """

    def __init__(self, target: FakeTarget) -> None:
        self.target = target
        self.permissions: dict[int, dict[str, Permission]] = defaultdict(dict)
        self.entitlements: dict[WorkspaceId, dict[str, set[str]]] = defaultdict(
            lambda: defaultdict(set)
        )
        self.local: dict[int, set[str]] = defaultdict(set)
        self.unreadable: dict[WorkspaceId, str] = {}
        self.unreadable_scim: dict[WorkspaceId, str] = {}
        self.faults: dict[int, Fault] = {}
        self.slow: Counter[str] = Counter()
        self.log: list[str] = []
        self.reads: list[str] = []
        self.requests = 0

    @property
    def rates(self) -> Mapping[Verb, float]:
        return ACCESS_RATES

    def state(self) -> list[tuple[object, ...]]:
        """Return who has what in each workspace, by name."""
        rows: list[tuple[object, ...]] = [
            (
                workspace,
                self._name(key),
                permission.value,
                *sorted(self.entitlements[workspace][key]),
            )
            for workspace, held in self.permissions.items()
            for key, permission in held.items()
            if key in self.target.accounts
        ]
        return sorted(rows, key=str)

    def has(self, workspace: int, name: str) -> Permission | None:
        """Return the permission of whoever has this name."""
        return self.permissions[workspace].get(self.target.named(name).id)

    # --- workspace_port.Assignments

    def read(self, asked: Mapping[WorkspaceId, Collection[Kind]]) -> AccessShown:
        return {workspace: self._read(workspace, kinds) for workspace, kinds in asked.items()}

    def local_groups(self, workspace_ids: Iterable[int]) -> Mapping[int, frozenset[str] | Unread]:
        ids = list(workspace_ids)
        self._asked(*(f"local {each}" for each in ids))
        return {each: frozenset(map(name_key, self.local[each])) for each in ids}

    def assign(self, workspace_id: int, target_id: str, permission: Permission) -> None:
        def act() -> None:
            if name_key(self._name(target_id)) in map(name_key, self.local[workspace_id]):
                raise ChangeRefused("a group of this name exists")
            self.permissions[workspace_id][target_id] = permission

        self._write(f"assign {workspace_id} {self._name(target_id)} {permission}", target_id, act)

    def unassign(self, workspace_id: int, target_id: str) -> None:
        def act() -> None:
            self.permissions[workspace_id].pop(target_id, None)
            self.entitlements[workspace_id].pop(target_id, None)

        self._write(f"unassign {workspace_id} {self._name(target_id)}", target_id, act)

    def change_entitlements(
        self,
        workspace_id: WorkspaceId,
        kind: Kind,
        target_id: str,
        grant: Collection[str],
        revoke: Collection[str],
    ) -> None:
        assert self.target.accounts[target_id].kind is kind

        def act() -> None:
            known = workspace_id is None or target_id in self.permissions[workspace_id]
            if grant and not known:
                raise ChangeRefused("not found in the workspace")
            self.entitlements[workspace_id][target_id] |= set(grant)
            self.entitlements[workspace_id][target_id] -= set(revoke)

        signs = (*(f"+{each}" for each in sorted(grant)), *(f"-{each}" for each in sorted(revoke)))
        self._write(
            f"entitle {workspace_id} {self._name(target_id)} {' '.join(signs)}", target_id, act
        )

    # --- behind them

    def _name(self, target_id: str) -> str:
        account = self.target.accounts.get(target_id)
        return account.name if account else target_id

    def _asked(self, *what: str) -> None:
        if self.target.dead:
            raise Killed
        self.reads += what
        self.requests += len(what)

    def _read(self, workspace: WorkspaceId, kinds: Collection[Kind]) -> WorkspaceAccess | Unread:
        self._asked(f"assignments {workspace}", *(f"{kind} {workspace}" for kind in sorted(kinds)))
        if reason := self.unreadable.get(workspace):
            return Unread(reason)
        permissions = {} if workspace is None else dict(self.permissions[workspace])
        if (reason := self.unreadable_scim.get(workspace)) and kinds:
            return WorkspaceAccess(permissions, Unread(reason))
        entitled = {
            key: frozenset(names)
            for key, names in self.entitlements[workspace].items()
            if key in self.target.accounts and self.target.accounts[key].kind in kinds
        }
        own = self.local[workspace] if workspace is not None and Kind.GROUP in kinds else ()
        return WorkspaceAccess(permissions, entitled, frozenset(map(name_key, own)))

    def _write(self, what: str, target_id: str, act: Callable[[], None]) -> None:
        if self.target.dead:
            raise Killed
        index = len(self.log)
        self.log.append(what)
        self.requests += 1
        if target_id not in self.target.accounts:
            raise ChangeRefused("no such principal")
        if self.slow[self._name(target_id)]:
            self.slow[self._name(target_id)] -= 1
            raise ChangeRefused("principal not found yet")
        fault = self.faults.get(index)
        if fault is Fault.REFUSED:
            raise ChangeRefused("refused, for the test")
        if fault is Fault.LOST_BEFORE:
            raise AnswerLost("no answer, for the test")
        if fault is Fault.KILLED_BEFORE:
            self.target.dead = True
            raise Killed
        act()
        if fault is Fault.LOST_AFTER:
            raise AnswerLost("no answer, for the test")
        if fault is Fault.KILLED_AFTER:
            self.target.dead = True
            raise Killed
