"""The story that the demo tells. Every step is the real engine over real HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, cast

from aadsync_lib.config.load import load_settings
from aadsync_lib.engine.planner import Planner
from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.engine.runner import Runner
from aadsync_lib.model.change import Action, MemberRef
from aadsync_lib.model.explanation import Explanation
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.ports import Progress
from aadsync_lib.report.wording import run_line
from aadsync_lib.sandbox import Sandbox, day
from aadsync_lib.sandbox.command import config, describe
from aadsync_lib.sandbox.hosts import WorkspaceHost
from aadsync_lib.secrets import SecretResolver
from aadsync_lib.wiring import open_planner, open_runner

ROOT = "dbx-"


class Teller(Protocol):
    """Who tells the story to somebody."""

    def step(self, title: str, why: str) -> None:
        """Begin a step."""

    def tell(self, text: str) -> None:
        """Say a sentence or two."""

    def bullets(self, sentences: Iterable[str]) -> None:
        """Say what happened, one thing a line."""

    def plan(self, plan: Plan) -> None:
        """Show a plan."""

    def refused(self, error: RefusedError) -> None:
        """Show why the guard stopped a plan."""

    def explained(self, found: Explanation) -> None:
        """Show why somebody is in a group."""


class Tour:
    """Walks through a first sync, two days, an accident, a question and an undo."""

    def __init__(
        self, sandbox: Sandbox, folder: Path, teller: Teller, progress: Progress | None = None
    ) -> None:
        self._sandbox = sandbox
        self._teller = teller
        self._progress = progress
        environment = cast("Mapping[str, str]", describe(sandbox)["environment"])
        self._secrets = SecretResolver(lookups={"env": environment.__getitem__})
        settings = folder / "aadsync.yml"
        settings.write_text(config(sandbox), encoding="utf-8")
        read = load_settings(settings, {"store.sqlite": str(folder / "aadsync.db")})
        self._settings = read.read_from(settings.name)  # of a folder that is gone afterwards

    @property
    def secrets(self) -> SecretResolver:
        """What the story logs in with, for whoever writes it down to hide."""
        return self._secrets

    def walk(self) -> RunReport:
        """Tell the whole story; return what became of the accident."""
        self._introduce()
        self._first_sync()
        self._nothing_to_do()
        self._day(
            "4. A day passes",
            1,
            "For Databricks that means the following. A renamed group keeps its id, members and "
            "grants; who left is deactivated, not deleted.",
        )
        second = self._day(
            "5. Another day",
            2,
            "The sync follows. Each change says why it is made, and nothing else is done.",
        )
        accident = self._accident()
        self._question(second)
        self._undo(second)
        return accident

    def _introduce(self) -> None:
        entra = self._sandbox.world.entra
        people, groups = len(entra.ids("user")), len(entra.ids("group"))
        self._teller.step(
            "Contoso",
            f"Contoso has {people} people in {groups} nested groups in Microsoft Entra ID, and a "
            f"Databricks account that knows almost nobody. Both run on this machine, over HTTP, "
            f"with Databricks' published rate limits made {self._sandbox.limits.speed:g} times as "
            f"fast. The sync manages every group whose name starts with {ROOT}, and all below them."
            f"{''.join(map(_of_workspace, self._sandbox.workspaces.values()))}",
        )

    def _first_sync(self) -> None:
        self._teller.step(
            "1. The plan",
            "Before anything is written, you see all of it. Many changes are summed up:",
        )
        plan = self._planner().plan().plan
        self._teller.plan(plan)
        self._teller.step(
            "2. Apply it",
            "What is applied is this plan and no other: if Entra had changed in the meantime, "
            "the plan would be refused.",
        )
        with self._runner() as runner:
            self._ran(runner.apply(plan))

    def _nothing_to_do(self) -> None:
        self._teller.step(
            "3. Again",
            "A sync must come to rest. With no change in Entra, a second run reads, and "
            "writes nothing:",
        )
        self._sync()

    def _day(self, title: str, seed: int, meaning: str) -> RunReport:
        self._teller.step(title, "What happened in Entra meanwhile:")
        self._teller.bullets(day(self._sandbox.world, seed))
        self._teller.tell(meaning)
        self._teller.plan(_without_warnings(self._planner().plan().plan))
        return self._sync()

    def _accident(self) -> RunReport:
        taken = self._empty_everything()
        self._teller.step(
            "6. An accident",
            f"A script with a mistake in it takes all {len(taken)} members out of the {ROOT} groups. To "
            f"a sync that trusts what it reads, everybody has left the company. Before the first "
            f"write the guard checks the whole plan against the limits:",
        )
        mark = self._sandbox.log.mark()
        try:
            with self._runner() as runner:
                runner.sync()
        except RefusedError as refused:
            self._teller.refused(refused)
            report = refused.report
        else:
            raise RuntimeError("the guard let the accident pass")
        self._teller.tell(
            f"Refused, with {self._writes(mark)} writes to Databricks: everybody at Contoso goes "
            f"on working, and somebody puts the members back in Entra."
        )
        for group, member in taken:
            self._sandbox.world.entra.add_member(group, member)
        return report

    def _question(self, report: RunReport) -> None:
        member, group = _newcomer(report)
        top = self._top_above(group)
        self._teller.step(
            "7. A question",
            f"An auditor asks why {member.name} is in {top}, and since when. Every path in Entra "
            f"counts, through whatever groups, and so does what this sync has done:",
        )
        self._teller.explained(self._planner().explain(member.external_id, top))

    def _top_above(self, group: str) -> str:
        """Return the name of a group that the scope names and that this one is nested in."""
        entra = self._sandbox.world.entra
        names = {
            group_id: str(entra.objects[group_id]["displayName"]) for group_id in entra.ids("group")
        }
        above = {group}
        while not any(names[group_id].startswith(ROOT) for group_id in above):
            above |= {
                group_id for group_id in names if not above.isdisjoint(entra.members[group_id])
            }
        return min(names[group_id] for group_id in above if names[group_id].startswith(ROOT))

    def _undo(self, report: RunReport) -> None:
        self._teller.step(
            "8. An undo",
            "That day was a mistake, somebody says. The journal knows what the run did; the plan is its "
            "exact inverse, and leaves alone what has changed since:",
        )
        plan = self._planner().plan_undo(report.run_id).plan
        self._teller.plan(_without_warnings(plan))
        mark = self._sandbox.log.mark()
        with self._runner() as runner:
            self._ran(runner.apply(plan), mark)
        self._teller.tell(
            "Entra is still as it was, so the next sync would do it all again: an undo buys the time "
            "to put Entra right."
        )

    def _sync(self) -> RunReport:
        mark = self._sandbox.log.mark()
        with self._runner() as runner:
            report = runner.sync()
        self._ran(report, mark)
        return report

    def _ran(self, report: RunReport, mark: int = 0) -> None:
        self._teller.tell(
            f"{'. '.join(map(run_line, report.targets))}. {self._writes(mark)} writes to Databricks, "
            f"{report.requests.databricks} requests in all, {report.seconds:.1f} s."
        )

    def _writes(self, mark: int) -> int:
        return len(self._sandbox.log.writes("databricks", after=mark))

    def _empty_everything(self) -> list[tuple[str, str]]:
        entra = self._sandbox.world.entra
        roots = [g for g in entra.ids("group") if entra.objects[g]["displayName"].startswith(ROOT)]
        pairs = [(group, member) for group in roots for member in entra.members[group]]
        for group, member in pairs:
            entra.remove_member(group, member)
        return pairs

    def _planner(self) -> Planner:
        return open_planner(self._settings, secrets=self._secrets)

    def _runner(self) -> AbstractContextManager[Runner]:
        return open_runner(self._settings, progress=self._progress, secrets=self._secrets)


def _of_workspace(host: WorkspaceHost) -> str:
    if host.state.federated:
        return f" The workspace {host.name} is one of the account: these groups are let into it."
    return (
        f" The workspace {host.name} has its identities to itself: it is a second target, which gets "
        f"one of these groups with everybody in it."
    )


def _newcomer(report: RunReport) -> tuple[MemberRef, str]:
    """Return a person whom the run put into a group, and that group's object id."""
    return next(
        (member, str(outcome.change.external_id))
        for outcome in report.targets[0].outcomes
        if outcome.change.action is Action.ADD_MEMBERS
        for member in outcome.change.members
        if member.type is Kind.USER
    )


def _without_warnings(plan: Plan) -> Plan:
    """The warnings of the first plan are the same every day."""
    targets: Any = (replace(target, warnings=()) for target in plan.targets)
    return replace(plan, targets=tuple(targets))
