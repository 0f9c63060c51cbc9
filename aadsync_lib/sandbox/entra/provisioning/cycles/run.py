"""A cycle of a job, from the reading of who is in scope to the counts at its end."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import uuid4

from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.memory.jobs import Job
from aadsync_lib.sandbox.entra.provisioning.credentials import NOT_ACCEPTED, Target, probe
from aadsync_lib.sandbox.entra.provisioning.cycles import quarantine
from aadsync_lib.sandbox.entra.provisioning.cycles.export import Exporter
from aadsync_lib.sandbox.entra.provisioning.cycles.outcome import NOT_ENTITLED, Outcome, row
from aadsync_lib.sandbox.entra.provisioning.cycles.scoping import leaves
from aadsync_lib.sandbox.entra.provisioning.cycles.source import (
    Entry,
    candidates,
    mapping_of,
    read,
)
from aadsync_lib.sandbox.entra.provisioning.cycles.writer import CredentialsRefusedError, Options
from aadsync_lib.sandbox.entra.provisioning.schema_routes import schema_of
from aadsync_lib.sandbox.entra.state import EntraState

BETWEEN = timedelta(minutes=40)


def is_due(state: EntraState, job: Job) -> bool:
    if not job.running:
        return _ends(state, job)
    return job.due is None or job.due <= state.now()


def _ends(state: EntraState, job: Job) -> bool:
    """Whether a job that is stopped has a cycle that goes on to its end."""
    return job.cycle is not None and state.provisioning.switches.after_pause == "ends"


async def run(state: EntraState, job: Job, most: int | None = None) -> bool:
    """Let a job that runs have its cycle, or go on with it for ``most`` objects.

    Return whether there was anything to run: a job that is stopped, or in quarantine by hand, rests.
    """
    rests = not (job.running or _ends(state, job))
    if rests or job.busy or (job.quarantine or {}).get("reason") == quarantine.BY_HAND:
        return False
    job.busy = True
    try:
        await _Cycle(state, job).run(most)
    finally:
        job.busy = False
    return True


def log(state: EntraState, job: Job, cycle: str, outcome: Outcome) -> None:
    principal = state.objects.get(job.principal, {})
    entry = row(outcome, state.now(), job.id, cycle, principal)
    state.provisioning.log.append({"tenantId": state.tenant_id, **entry})


def options_of(state: EntraState, job: Job, *, initial: bool) -> Options:
    provisioning = state.provisioning
    keep = provisioning.secret(job.principal, "SkipOutOfScopeDeletions").lower() == "true"
    return Options(initial, keep, provisioning.switches.special_names)


class _Cycle:
    def __init__(self, state: EntraState, job: Job) -> None:
        self.state = state
        self.job = job
        self.schema = schema_of(state.provisioning, job)
        self.target = Target.stored(state.provisioning, job.principal)

    async def run(self, most: int | None) -> None:
        error = await probe(self.target)
        if error is not None:
            self._unreachable(error)
            return
        with self.state.lock:
            if self.job.cycle is None:
                self.job.cycle = self._begin()
        cycle = self.job.cycle
        try:
            while cycle["todo"] and (most is None or most > 0):
                await self._next(cycle)
                most = None if most is None else most - 1
        except CredentialsRefusedError as error:
            self._unreachable(
                {"code": NOT_ACCEPTED, "message": str(error), "tenantActionable": True}
            )
            return
        self._show_progress(cycle)
        if not cycle["todo"]:
            self._finish(cycle)

    def _unreachable(self, error: JsonObject) -> None:
        """A cycle that could not be run at all."""
        now = self.state.now()
        self.job.complete_failures += 1
        self.job.last = _execution(str(uuid4()), now, now, "Failed", Counter(), error)
        quarantine.impose(self.job, quarantine.CREDENTIALS, now, error)

    def _begin(self) -> JsonObject:
        """Work out whom the cycle is about, and hold back too many deletions."""
        job = self.job
        listed = dict.fromkeys([*candidates(self.state, job), *job.links])
        entries = {key: self._read(key) for key in listed}
        leaving = [key for key, entry in entries.items() if self._leaves(entry)]
        cycle = str(uuid4())
        held = self._held(leaving, cycle)
        todo = [key for key, entry in entries.items() if entry.in_scope]
        if job.initial:
            todo += [k for k, e in entries.items() if not e.in_scope and k not in job.links]
        todo += [key for key in leaving if key not in held]
        job.escrows = {key: job.escrows[key] for key in todo if key in job.escrows}
        return {
            "id": cycle,
            "began": self.state.now(),
            "initial": job.initial,
            "todo": todo,
            "total": len(todo),
            "held": len(held),
            "counts": {},
        }

    def _read(self, key: str) -> Entry:
        return read(self.state, self.job, self.schema, key)

    def _leaves(self, entry: Entry) -> bool:
        keep = options_of(self.state, self.job, initial=True).keep_out_of_scope
        return leaves(self.job, entry, keep_out_of_scope=keep)

    def _held(self, leaving: list[str], cycle: str) -> set[str]:
        """Who is not taken away, since too many would be."""
        most = quarantine.threshold(self.state.provisioning, self.job)
        too_many = most is not None and len(leaving) > most and not self.job.force_deletes
        held = leaving if too_many else []
        for key in held:
            if key not in self.job.staged:
                outcome = Outcome(self._read(key), self.state.now(), "stageddelete", "skipped")
                outcome.target_id = self.job.links[key]
                outcome.step("EntryExportDelete", "Export", "Skipped", "The deletion is held back")
                log(self.state, self.job, cycle, outcome)
        self.job.staged = held
        return set(held)

    async def _next(self, cycle: JsonObject) -> None:
        """Export the next object; on refused credentials it stays the next."""
        key = cycle["todo"][0]
        with self.state.lock:
            entry = self._read(key)
        mapping = mapping_of(self.schema, entry.kind)
        if mapping is not None:
            options = options_of(self.state, self.job, initial=cycle["initial"])
            exporter = Exporter(self.target, self.job, mapping, options)
            self._count(cycle, await exporter.export(entry, self.state.now()))
        cycle["todo"].pop(0)

    def _count(self, cycle: JsonObject, outcome: Outcome) -> None:
        key = outcome.entry.key
        counts: Counter[str] = Counter(cycle["counts"])
        counts["imported"] += 1
        counts["entitled"] += outcome.entry.assigned
        counts["references"] += outcome.references
        if outcome.failed:
            counts["failed"] += 1
            self.job.escrows[key] = {"code": outcome.code, "since": self.state.now()}
        else:
            self.job.escrows.pop(key, None)
            counts["exported"] += outcome.action != "other"
        cycle["counts"] = dict(counts)
        quiet = outcome.redundant or outcome.code == NOT_ENTITLED
        if cycle["initial"] or not quiet:
            log(self.state, self.job, cycle["id"], outcome)

    def _show_progress(self, cycle: JsonObject) -> None:
        done = cycle["total"] - len(cycle["todo"])
        self.job.progress = [
            {
                "completedUnits": done,
                "progressObservationDateTime": self.state.now(),
                "totalUnits": cycle["total"],
                "units": "Objects",
            }
        ]

    def _finish(self, cycle: JsonObject) -> None:
        job, now = self.job, self.state.now()
        counts: Counter[str] = Counter(cycle["counts"])
        job.cycle, job.counts = None, dict(Counter(job.types.values()))
        failed, exported = counts["failed"], counts["exported"]
        outcome = "EntryLevelErrors" if failed else "Succeeded"
        job.last = _execution(cycle["id"], cycle["began"], now, outcome, counts, None)
        job.last_success = job.last_success if failed else job.last
        job.last_export = job.last if exported and not failed else job.last_export
        job.complete_failures, job.force_deletes = 0, False
        self._judge(cycle, counts, now)

    def _judge(self, cycle: JsonObject, counts: Counter[str], now: str) -> None:
        """End in a steady state, in quarantine, or waiting for a person."""
        job, switches = self.job, self.state.provisioning.switches
        reason = quarantine.by_failures(job, counts["imported"], counts["references"], switches)
        if reason or cycle["held"]:
            quarantine.impose(job, reason or quarantine.DELETES, now)
        else:
            job.quarantine, job.due = None, quarantine.later(now, BETWEEN)
        most = switches.pruned_from
        if cycle["initial"] and most is not None and counts["failed"] >= most:
            job.escrows, job.escrows_pruned, job.state = {}, True, "Paused"
        job.initial = False
        if not counts["failed"]:
            job.steady_last = now
            job.steady_first = now if job.steady_first.startswith("0001") else job.steady_first
        job.settle()


def _execution(
    cycle: str, began: str, ended: str, state: str, counts: Counter[str], error: JsonObject | None
) -> JsonObject:
    return {
        "activityIdentifier": cycle,
        "countEntitled": counts["entitled"],
        "countEntitledForProvisioning": counts["entitled"],
        "countEscrowed": counts["failed"],
        "countEscrowedRaw": counts["failed"] + counts["references"],
        "countExported": counts["exported"],
        "countExports": counts["exported"] + counts["failed"],
        "countImported": counts["imported"],
        "countImportedDeltas": counts["imported"],
        "countImportedReferenceDeltas": counts["references"],
        "error": error,
        "state": state,
        "timeBegan": began,
        "timeEnded": ended,
    }
