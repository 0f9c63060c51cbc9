"""Executor of a target's plan: runs everything at once that does not wait for something else."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event

from aadsync_lib.apply.access_runner import AccessRunner
from aadsync_lib.apply.confirm import Confirmation
from aadsync_lib.apply.create_task import CreateTask
from aadsync_lib.apply.defence import Defence
from aadsync_lib.apply.readback import ReadBack
from aadsync_lib.apply.run_log import RunLog
from aadsync_lib.apply.schedule import schedule
from aadsync_lib.apply.task_runner import TaskRunner
from aadsync_lib.apply.tasks import Phase, Task
from aadsync_lib.model.link import Links
from aadsync_lib.model.plan import TargetPlan
from aadsync_lib.model.rates import Verb
from aadsync_lib.model.run import Outcome
from aadsync_lib.ports import Clock, Progress, Store, Target
from aadsync_lib.reconcile.matching.adoption import AdoptionRule
from aadsync_lib.workspace_port import Assignments

log = logging.getLogger(__name__)

WORKERS = 8  # for each class of request; the pace of the target, not this, is what limits
STOPPED = "not started: the run was stopped; run sync again to go on"


class Executor:
    """Applies plans to one target. One failed change holds back only what depends on it."""

    def __init__(
        self,
        target: Target,
        store: Store,
        clock: Clock,
        adoption: AdoptionRule,
        stop: Event,
        progress: Progress | None = None,
        assignments: Assignments | None = None,
    ) -> None:
        self._target = target
        self._assignments = assignments
        self._store = store
        self._clock = clock
        self._adoption = adoption
        self._stop = stop
        self._progress = progress

    def execute(self, run_id: str, plan: TargetPlan, links: Links) -> tuple[Outcome, ...]:
        """Carry the plan out and return one outcome, or more, for each change.

        Raises ``StoreError`` when nothing can be recorded any more: then nothing is sent, either.
        """
        replacement_paths = {
            (path.group, path.member): path.through for path in plan.replacement_paths
        }
        ways = frozenset(step for path in plan.replacement_paths for step in path.through)
        tasks = schedule(plan.changes, replacement_paths.keys())
        run_log = RunLog(self._store, run_id, plan.target, links)
        read_back = ReadBack(self._target, self._clock)
        creator = CreateTask(
            self._target, run_log, self._clock, read_back, self._adoption, plan.protected
        )
        defence = Defence(run_log, plan.protected, replacement_paths)
        access = AccessRunner(self._assignments, run_log, self._clock)
        performer = TaskRunner(self._target, run_log, creator, read_back, defence, access)
        confirmation = Confirmation(self._target, run_log, self._clock, self._stop)
        if self._progress:
            self._progress.start(len(tasks), plan.target)
        try:
            failed: set[str] = set()
            with _Pools() as pools:
                for phase in Phase:
                    part = [task for task in tasks if task.phase is phase]
                    worker = (performer, confirmation, pools, self._stop, self._progress)
                    _Run(part, failed, *worker).finish()
                    if phase is Phase.BUILD:
                        confirmation.ways(ways)
        finally:
            if self._progress:
                self._progress.done()
        confirmation.finish()
        return run_log.outcomes


class _Pools:
    """Threads by class of request, so that a class that waits for its pace blocks no other."""

    def __init__(self) -> None:
        self._pools = {verb: ThreadPoolExecutor(WORKERS, verb.value) for verb in Verb}

    def __enter__(self) -> _Pools:
        return self

    def __exit__(self, *_: object) -> None:
        for pool in self._pools.values():
            pool.shutdown(wait=True)

    def submit(self, task: Task, work: Callable[[Task], bool]) -> Future[bool]:
        return self._pools[task.verb].submit(work, task)

    def read(self, work: Callable[[Task], None], task: Task) -> None:
        """Run something that only reads; if it fails, nothing was learnt."""
        self._pools[Verb.GET].submit(work, task)


class _Run:
    """The tasks of one phase, each started as soon as what it waits for has ended.

    ``failed`` are the tasks of earlier phases that failed; those of this one are added.
    """

    def __init__(
        self,
        tasks: Iterable[Task],
        failed: set[str],
        performer: TaskRunner,
        confirmation: Confirmation,
        pools: _Pools,
        stop: Event,
        progress: Progress | None,
    ) -> None:
        self._tasks = {task.key: task for task in tasks}
        self._performer = performer
        self._confirmation = confirmation
        self._pools = pools
        self._stop = stop
        self._progress = progress
        self._running = 0
        self._broken = False  # by an unexpected error; other targets go on
        self._ends: SimpleQueue[tuple[Task, Future[bool]]] = SimpleQueue()
        self._failed = failed
        self._waits: dict[str, int] = {}
        self._followers: dict[str, list[str]] = defaultdict(list)
        for task in self._tasks.values():
            before = (task.after | task.needs) & self._tasks.keys()
            self._waits[task.key] = len(before)
            for key in before:
                self._followers[key].append(task.key)

    def finish(self) -> None:
        """Run everything; on an unexpected error, let what is in flight end, then raise it."""
        for key in [key for key, count in self._waits.items() if count == 0]:
            self._start(self._tasks[key])
        error: BaseException | None = None
        while self._running:
            task, future = self._ends.get()
            self._running -= 1
            if failure := future.exception():
                error = error or failure
                self._broken = True
            self._ended(task, ok=not failure and future.result())
        if error:
            raise error

    def _start(self, task: Task) -> None:
        if lost := task.needs & self._failed:
            self._performer.skip(task, f"waits for {', '.join(sorted(lost))}, which failed")
            self._ended(task, ok=False)
        else:
            self._running += 1
            future = self._pools.submit(task, self._perform)
            future.add_done_callback(lambda ended: self._ends.put((task, ended)))

    def _perform(self, task: Task) -> bool:
        if self._broken or self._stop.is_set():
            self._performer.skip(task, STOPPED)
            return False
        return self._performer.perform(task)

    def _ended(self, task: Task, *, ok: bool) -> None:
        if self._progress:
            self._progress.advance(1)
        if ok:
            self._pools.read(self._confirmation.look, task)
        else:
            self._failed.add(task.key)
        for key in self._followers[task.key]:
            self._waits[key] -= 1
            if self._waits[key] == 0:
                self._start(self._tasks[key])
