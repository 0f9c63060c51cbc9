"""Joining of tasks: what a group is and whom it contains change by one request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from aadsync_lib.apply.tasks import (
    DELETES,
    ITSELF,
    LATER,
    OF_MEMBERS,
    RELEASES,
    UNNEST,
    Phase,
    Task,
)
from aadsync_lib.model.change import Change
from aadsync_lib.model.identity import Kind


def join(tasks: Sequence[Task]) -> list[Task]:
    """Join the task of a group with one of its members' where none of the order between tasks is lost.

    A limit of ten changes a minute makes each of them dear. The joined task has the key of the group's.
    """
    joiner = _Joiner(tasks)
    for task in tasks:
        if _sends_attributes(task):
            joiner.join_members(task.key)
    return joiner.tasks()


def _sends_attributes(task: Task) -> bool:
    return (
        task.key.endswith(ITSELF)
        and all(map(_of_a_group, task.changes))
        and any(change.before != change.after for change in task.changes)
    )


def _of_a_group(change: Change) -> bool:
    ends = change.action in DELETES | RELEASES
    return change.action.kind is Kind.GROUP and change.action.verb != "create" and not ends


class _Joiner:
    """Tasks that grow together, by the keys that they had.

    A joined task has ended well when its group is as planned, so that others may need it as they needed the
    group's. Who needs the members' is not told by that.
    """

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._tasks = {task.key: task for task in tasks}
        self._joined: dict[str, str] = {}
        self._needed = Counter(key for task in self._tasks.values() for key in task.needs)
        self._awaited = Counter(
            key for task in self._tasks.values() for key in task.after | task.needs
        )

    def tasks(self) -> list[Task]:
        """Return what there is now; who waited for a task that was joined waits for the whole."""
        if not self._joined:
            return list(self._tasks.values())
        return [
            replace(task, after=self._now(task.after), needs=self._now(task.needs))
            for task in self._tasks.values()
        ]

    def join_members(self, key: str) -> None:
        """Join the first task of the group's members that can be."""
        group = self._tasks[key]
        stem = key.removesuffix(ITSELF) + OF_MEMBERS
        for name in (stem, stem + UNNEST, stem + LATER):
            members = self._tasks.get(name)
            if members and self._fit(group, members):
                self._put_together(group, members)
                return

    def _fit(self, group: Task, members: Task) -> bool:
        same = {change.target_id for change in (*group.changes, *members.changes)}
        if len(same) > 1 or self._needed[members.key]:
            return False
        if group.phase is not members.phase:
            awaited = self._awaited[group.key] > int(group.key in members.needs)
            if awaited or (group.phase, members.phase) != (Phase.BUILD, Phase.REMOVE):
                return False
        return not (self._leads(members, group) or self._leads(group, members))

    def _put_together(self, group: Task, members: Task) -> None:
        both = {group.key, members.key}
        self._joined[members.key] = group.key
        del self._tasks[members.key]
        self._tasks[group.key] = replace(
            group,
            phase=members.phase,
            changes=(*group.changes, *members.changes),
            after=(group.after | members.after) - both,
            needs=(group.needs | members.needs) - both,
        )

    def _leads(self, start: Task, goal: Task) -> bool:
        """Return whether a task waits for another one by way of a third."""
        todo = [task for task in self._before(start) if task.key != goal.key]
        seen: set[str] = set()
        while todo:
            task = todo.pop()
            if task.key == goal.key:
                return True
            if task.key not in seen:
                seen.add(task.key)
                todo += self._before(task)
        return False

    def _before(self, task: Task) -> Iterator[Task]:
        keys = self._now(task.after | task.needs)
        return (self._tasks[key] for key in keys if key in self._tasks)

    def _now(self, keys: Iterable[str]) -> frozenset[str]:
        return frozenset(self._joined.get(key, key) for key in keys)
