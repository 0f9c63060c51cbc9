"""Notebooks, a verb for each: between the widgets and what is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

from aadsync_lib import files
from aadsync_lib.clock import SystemClock
from aadsync_lib.config.settings import Settings
from aadsync_lib.engine.planner import Planner
from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.engine.runner import Runner
from aadsync_lib.errors import AadsyncError, ScopeEmptyError, UnsafePlanError, UsageError
from aadsync_lib.history import History
from aadsync_lib.model.explanation import Explanation
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.notebook import display, parameters, results, widgets
from aadsync_lib.notebook.answers import Place, methods_of_file, take_answers
from aadsync_lib.notebook.connector import ConnectorAnswer, ConnectorDesk
from aadsync_lib.notebook.display import Findings, Shown, summary_of
from aadsync_lib.notebook.job_folder import SILENT, WHOLE, RunFolder
from aadsync_lib.notebook.job_report import Totals, total
from aadsync_lib.notebook.left_out import left_out
from aadsync_lib.notebook.log import clean_errors, interruptibly, notebook_progress, story_on_stdout
from aadsync_lib.notebook.past import Past, check_confirmed, look_back
from aadsync_lib.notebook.platform import Platform
from aadsync_lib.notebook.settings_file import read_settings, usual_place, usual_reports
from aadsync_lib.notebook.setup import set_up
from aadsync_lib.ports import Store
from aadsync_lib.reconcile.guard import Verdict, judge
from aadsync_lib.report.history.select import run_to_undo
from aadsync_lib.report.next_steps import finding_nothing
from aadsync_lib.report.saved import alone, approval_of, part_of, plan_from_text
from aadsync_lib.secrets import SecretResolver
from aadsync_lib.wiring import open_planner, open_runner, open_store

SETUP = "setup"
Act = Callable[[Runner], RunReport]


class Notebook:
    """A notebook of one kind, its widgets declared; ``names`` are its globals."""

    def __init__(self, names: Mapping[str, Any], kind: str) -> None:
        self._platform = Platform(names)
        self._parameters = parameters.parameters_of(kind)
        self._kind = kind
        self._clock = SystemClock()
        self._secrets = SecretResolver(
            dbutils_secrets=getattr(self._platform.dbutils, "secrets", None)
        )
        self._saved: str | None = None
        self._page: str | None = None
        self._first = False
        self._usual = usual_place(self._platform)
        self._widgets: tuple[widgets.Widget, ...] = ()
        if self._platform.dbutils is not None:
            self._declare(self._platform.dbutils)

    def _declare(self, dbutils: Any) -> None:
        """Show the widgets; those of ``setup`` follow the logins that were chosen."""
        named = parameters.current(dbutils, "config")
        if named and not self._platform.interactive:
            self._usual = None  # a job named its file, which has to be there
        path, usual = named or self._usual, {"config": self._usual or ""}
        if self._kind == SETUP:
            there, interactive = methods_of_file(path), self._platform.interactive
            self._widgets = widgets.ask(dbutils, usual, there, interactive=interactive)
            return
        wanted = "reports" in widgets.WIDGETS[self._kind]
        if wanted and not parameters.current(dbutils, "reports"):
            usual["reports"] = usual_reports(path)
        self._widgets = widgets.widgets_of(self._kind, usual)
        widgets.declare(dbutils, self._widgets)

    def setup(self) -> Findings:
        """Take the answers, save them, make the secret scopes and tables that are missing, and check all."""
        place = Place(self._platform.host, self._platform.catalog)
        with clean_errors(self._secrets):
            answered = take_answers(self._values(), place, self._widgets)
            self._saved = answered.path
            if answered.settings is None:
                return answered.findings
            checked = set_up(answered.settings, self._secrets, self._clock, self._platform)
            return (*answered.findings, *checked)

    def plan(self) -> Plan:
        """Read both sides and return every change, saved where ``reports`` says."""
        folder = self._folder()
        with clean_errors(self._secrets):
            if folder:
                folder.clear()
            with self._planner() as planner:
                self._first = planner.reader.latest_run() is None
                make = partial(planner.plan, full=self._full, fingerprint=folder is not None)
                plan = interruptibly(make).plan
                page = partial(display.plan_report, plan, planner, self._judge(plan))
                self._page = display.kept(folder, page)
            self._saved = folder.save_plan(plan) if folder else None
            return plan

    def sync(self) -> RunReport:
        """Plan, guard, apply and record. Raises, with the remedy, when it is refused or fails."""
        approve, folder = self._value("approve"), self._folder()

        def act(runner: Runner) -> RunReport:
            report = runner.sync(approve=approve, full=self._full)
            self._page = display.kept(folder, partial(display.run_report, report, runner))
            return report

        with clean_errors(self._secrets):
            return self._recorded(act, folder)

    def apply(self) -> RunReport:
        """Apply exactly the saved plan, or its part for one target; one of one target is that target's alone."""
        path, target = self._value("plan"), self._value("target")
        with clean_errors(self._secrets):
            if path is None:
                raise UsageError("plan: name the plan.json that the notebook 02_plan has saved.")
            whole = plan_from_text(files.read_text(path), path)
            part = part_of(whole, target)
            approve = approval_of(part, whole, self._value("approve"))
            only = target or alone(part, [each.name for each in self._settings().targets])
            folder = RunFolder.around(path)
            return self._recorded(lambda runner: runner.apply(part, approve=approve), folder, only)

    def explain(self) -> Explanation:
        """Say why somebody is in a group, or is not; write nothing."""
        user, group = self._value("user"), self._value("group")
        with clean_errors(self._secrets):
            if not (user or group):
                raise UsageError("user, group: name a person, a group, or both.")
            with self._planner() as planner:
                return interruptibly(lambda: planner.explain(user, group))

    def history(self) -> Past:
        """Return the past of the sync; with ``undo`` also the plan that takes that run back.

        That plan is applied when ``confirm`` holds its digest, which lets it over the limits as well.
        """
        with clean_errors(self._secrets):
            settings, values = self._settings(), self._values()
            plan, report = self._undone(values.get("undo"), values.get("confirm"))
            history = History.open(settings, spark=self._platform.spark)
            return look_back(history, settings.name, values, plan, report)

    def _undone(self, run: str | None, confirm: str | None) -> tuple[Plan | None, RunReport | None]:
        if run is None:
            if confirm:
                raise UsageError("confirm: says nothing without undo, the run to take back.")
            return None, None
        with self._planner() as planner:
            run_id = run_to_undo(planner.reader, run).run_id
            plan = interruptibly(lambda: planner.plan_undo(run_id)).plan
        if confirm is None:
            return plan, None
        if confirm != plan.digest:
            self.show(plan)
        check_confirmed(plan, confirm)
        return plan, self._applied(lambda runner: runner.apply(plan, approve=confirm))

    def connector(self) -> ConnectorAnswer:
        """Return the state of Entra's connector, its comparison with this sync, or the plan of its setup.

        That plan is carried out when ``confirm`` holds its digest.
        """
        with clean_errors(self._secrets), story_on_stdout(self._secrets):
            desk = ConnectorDesk(self._settings(), self._given(), self.show)
            return interruptibly(lambda: desk.answer(self._values()))

    def report(self) -> Totals:
        """Return what became of all targets of one job run, and record what wrote nothing."""
        with clean_errors(self._secrets):
            settings, folder, values = self._settings(), self._folder(), self._values()
            if folder is None:
                raise UsageError("reports: name the folder that the notebook 02_plan saved into.")
            plan = plan_from_text(folder.plan(), folder.path)
            verdict = self._judge(plan)
            results.check_planned(values.get("planned"), verdict)
            with self._store(settings, values) as store:
                reports = folder.reports()
                totals = total(plan, reports, store, self._clock, verdict)
                page = display.totals_report(totals, store) if store else None
            self._page = display.kept(folder, lambda: page) if page else folder.report_page
            folder.save_page(display.page_of(totals, self._page))
            return totals

    def show(self, result: Shown) -> None:
        """Show a result: a page, then its rows as tables."""
        with clean_errors(self._secrets):
            settings = self._saved if self._kind == SETUP else None
            left = left_out(self._values(), self._usual) if isinstance(result, Plan) else ()
            display.show(result, self._platform, self._judge, self._page or settings, left)

    def finish(self, result: Shown) -> None:
        """Raise when the result is not good, else end the notebook with its summary as JSON."""
        with clean_errors(self._secrets):
            if isinstance(result, Plan):
                self._hand_on(result)
            summary = summary_of(result, self._saved)
            if isinstance(result, Totals):
                results.check_watched(self._value("watched"))
        self._platform.exit(summary)

    def _hand_on(self, plan: Plan) -> None:
        """Tell the tasks that follow what to apply: nothing of a plan that the guard stops."""
        verdict = self._judge(plan)
        mistyped = finding_nothing(plan.targets) if self._first else ()
        idle = bool(mistyped) or not verdict.allowed or self._value("plan_only") == "true"
        targets = [] if idle else [target.target for target in plan.targets if target.changes]
        self._platform.hand_on(
            {"plan": self._saved or "", "targets": targets, "changes": len(targets)}
        )
        if mistyped:
            raise ScopeEmptyError(mistyped)
        if not verdict.allowed:
            raise UnsafePlanError(results.refused(verdict, plan))

    def _recorded(self, act: Act, folder: RunFolder | None, only: str | None = None) -> RunReport:
        """Apply something, with what became of it in the folder of the run, where there is one."""
        if folder is None:
            return self._applied(act, only)
        name = self._value("target") or WHOLE
        folder.save_error(name, SILENT)  # holds if this task is killed
        try:
            report = self._applied(act, only)
        except AadsyncError as error:
            folder.save_error(name, self._secrets.redact(str(error)))
            raise
        folder.save_report(name, report)
        return report

    def _applied(self, act: Act, only: str | None = None) -> RunReport:
        """Apply something, to all targets or ``only`` one; a refused plan is shown before the error that says so."""
        if self._value("plan_only") == "true":  # a job passes it to every task
            raise UsageError("plan_only: is true, and this applies. Nothing was changed.")
        with self._runner(only) as runner:
            try:
                return interruptibly(lambda: act(runner), runner.stop)
            except RefusedError as error:
                verdict, left = error.verdict, left_out(self._values(), self._usual)
                display.show(error.plan, self._platform, lambda _: verdict, self._page, left)
                raise UnsafePlanError(results.refused(verdict, error.plan)) from None

    def _judge(self, plan: Plan) -> Verdict:
        return judge(plan, self._settings().limits(), self._value("approve"))

    def _settings(self) -> Settings:
        return read_settings(self._values(), self._usual)

    def _values(self) -> dict[str, str]:
        return parameters.read(self._platform.dbutils, self._parameters)

    @property
    def _full(self) -> bool:
        return self._value("full") == "true"

    def _value(self, name: str) -> str | None:
        return self._values().get(name)

    def _folder(self) -> RunFolder | None:
        return RunFolder.of(self._values(), self._clock.now())

    def _store(
        self, settings: Settings, values: Mapping[str, str]
    ) -> AbstractContextManager[Store | None]:
        """Open the store to record in it, where anything is applied at all."""
        if values.get("plan_only") == "true":
            return nullcontext()
        return open_store(settings, self._clock, spark=self._platform.spark)

    @contextmanager
    def _planner(self) -> Iterator[Planner]:
        with story_on_stdout(self._secrets):
            yield open_planner(self._settings(), by=self._platform.user, **self._given())

    @contextmanager
    def _runner(self, only: str | None) -> Iterator[Runner]:
        given = {"progress": notebook_progress(self._platform.interactive), **self._given()}
        given["only"] = only or given["only"]
        with (
            story_on_stdout(self._secrets),
            open_runner(self._settings(), by=self._platform.user, **given) as runner,
        ):
            yield runner

    def _given(self) -> dict[str, Any]:
        return {
            "only": self._value("target"),
            "secrets": self._secrets,
            "clock": self._clock,
            "spark": self._platform.spark,
            "dbutils": self._platform.dbutils,
        }
