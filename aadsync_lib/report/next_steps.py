"""The last line of every report: what to do next."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport, Status
from aadsync_lib.reconcile.guard import Verdict

NOTHING = "Next: nothing to do."
LOOK = "Next: look at what is held back."
PROTECTED = "Next: look in Entra; what is protected stays as it is, whatever is approved."
MEANT = "Next: look in Entra whether this is meant. If so"
UNDO_MEANT = "Next: look whether this is meant. If so"
AGAIN = "where Entra and the settings still ask for it, the next sync does it again"


@dataclass(frozen=True, slots=True)
class Call:
    """How this command was called, so that the next one can be named in full."""

    config: str | None = None
    target: str | None = None
    settings: tuple[str, ...] = ()
    saved: str | None = None
    verdict: Verdict | None = None  # of the guard, where the plan was judged
    undoes: str | None = None  # the run that this command undoes
    in_notebook: bool = False  # it was no command: what is next is said in a notebook's words

    def command(self, *words: str) -> str:
        """Return a command line with the options of this one."""
        options = [
            *(("-c", self.config) if self.config else ()),
            *(("--target", self.target) if self.target else ()),
            *(part for setting in self.settings for part in ("--set", setting)),
        ]
        return shlex.join(["aadsync", *words, *options])


def after_plan(plan: Plan, call: Call) -> str:
    """Say what to do with a plan."""
    if plan.empty:
        return after_nothing(plan)
    apply = call.command(*_apply(call))
    if call.verdict and not call.verdict.allowed:
        return _refused(call, plan.digest)
    if call.saved:
        return f"Next: {apply} applies exactly this."
    return f"Next: {apply} applies it; with --save FILE, apply can wait for a review."


def after_nothing(plan: Plan) -> str:
    """Say what to do with a plan that changes nothing."""
    waiting = any(target.quarantined or target.on_hold for target in plan.targets)
    return LOOK if waiting else NOTHING


def after_run(report: RunReport, call: Call) -> str:
    """Say what to do after a run."""
    if report.status is Status.REFUSED:
        return _refused(call, report.digest)
    if report.undoes:
        return f"{NOTHING if report.clean else LOOK}".rstrip(".") + f"; {AGAIN}."
    if report.clean:
        return f"{NOTHING} {call.command('plan')} shows the next changes."
    return f"Next: look at what is named above; {call.command('sync')} tries it again."


def _apply(call: Call) -> tuple[str, ...]:
    if call.saved:
        return "apply", call.saved
    return ("undo", call.undoes) if call.undoes else ("sync",)


def _refused(call: Call, digest: str) -> str:
    if call.verdict and not call.verdict.approvable:
        return PROTECTED
    again = f"{call.command(*_apply(call))} --approve {digest}"
    return f"{UNDO_MEANT if call.undoes else MEANT}: {again}"
