"""A command line with a planner and a runner that only pretend."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner

from aadsync_lib.cli import main
from aadsync_lib.engine.planning import Planning
from aadsync_lib.reconcile.guard import judge
from tests.unit.report import samples

CONFIG = """
version: 1
name: contoso
source:
  tenant_id: 5f0a1c1e-0000-4000-8000-000000000001
  auth: {method: azure_cli}
scope:
  groups: [{prefix: dbx-}]
targets:
  - name: account
    host: https://accounts.azuredatabricks.net
    account_id: 9c1d1c1e-0000-4000-8000-000000000002
    auth: {method: azure_cli}
"""


@dataclass
class FakeEngine:
    """Answers with what a test put into it, and remembers what it was asked."""

    found: object = field(default_factory=samples.full_plan)
    ran: object = field(default_factory=samples.done)
    asked: list = field(default_factory=list)
    opened: dict = field(default_factory=dict)
    before: object = None
    planned: object = None
    runs: tuple = ()

    def plan(self, *, full=False, fingerprint=False, user=None, group=None):
        given = _set(full=full, fingerprint=fingerprint, user=user, group=group)
        return self._planning(self._answer("plan", self.found, *given))

    def sync(self, *, approve=None, full=False, user=None, group=None):
        return self._ran("sync", approve, *_set(full=full, user=user, group=group))

    def apply(self, saved, *, approve=None):
        return self._ran("apply", saved, approve)

    def plan_undo(self, run_id):
        return self._planning(self._answer("plan_undo", self.found, run_id))

    def align(self, *, approve=None):
        return self._ran("align", approve)

    def plan_alignment(self):
        return self._planning(self._answer("plan_alignment", self.found))

    def _planning(self, plan):
        return Planning(plan, {}, judge(plan, self.opened["settings"].policy.limits))

    def undo(self, run_id, *, approve=None):
        return self._ran("undo", run_id, approve)

    def _ran(self, what, *given):
        return samples.replace(self._answer(what, self.ran, *given), plan=self.planned)

    def history(self):
        return self.runs

    def stop(self):
        self.asked.append(("stop",))

    def _answer(self, what, answer, *given):
        self.asked.append((what, *given))
        if self.before is not None:
            self.before()
        if isinstance(answer, Exception):
            raise answer
        return answer


def _set(**flags):
    return [name for name, value in flags.items() if value]


@pytest.fixture
def engine(monkeypatch):
    fake = FakeEngine()

    def open_planner(settings, **options):
        fake.opened = {"settings": settings, "read_only": True, **options}
        return fake

    @contextmanager
    def open_runner(settings, **options):
        fake.opened = {"settings": settings, "read_only": False, **options}
        yield fake

    monkeypatch.setattr("aadsync_lib.wiring.open_planner", open_planner)
    monkeypatch.setattr("aadsync_lib.wiring.open_runner", open_runner)
    return fake


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command line in a directory that holds an aadsync.yml."""
    monkeypatch.chdir(tmp_path)
    Path("aadsync.yml").write_text(CONFIG, encoding="utf-8")
    return lambda *words, **more: CliRunner().invoke(main, words, prog_name="aadsync", **more)
