"""The last line of every report: what to do next, in the words of a command line or of a notebook."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from aadsync_lib.model.directory import SCOPE_EMPTY
from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.model.run import RunReport, Status, TargetReport
from aadsync_lib.reconcile.guard import Verdict

NOTHING = "Next: nothing to do."
CORRECT = "Next: correct scope.groups, where a selector finds nothing."
LOOK = "Next: look at what is held back."
PROTECTED = "Next: look in Entra; what is protected stays as it is, whatever is approved."
MEANT = "Next: look in Entra whether this is meant. If so"
EMPTY_MEANT = "Next: look in scope.groups, where a selector finds nothing any more. If all that it found is to go"
UNDO_MEANT = "Next: look whether this is meant. If so"
EXACTLY = "Exactly this plan or none"
OF_ALL_TARGETS = frozenset({"doctor", "history", "register"})  # commands without --target
SYNC = ("sync",)
AGAIN = "where Entra and the settings still ask for it, the next sync does it again"

WIDGET = "set approve, a widget here and a parameter of the job, to this digest and run it again:"
APPROVE, APPROVE_EMPTY = f"{MEANT}, {WIDGET}", f"{EMPTY_MEANT}, {WIDGET}"
APPLY = "Next: 03_apply applies exactly this, where reports has kept it; 04_sync plans afresh."
CONFIRM = (
    "Next: if this is what you want, type this digest into confirm and run the notebook again; it also "
    "lets the plan over the limits:"
)
SEE_PLAN = "Next: 02_plan shows why, and what may be approved."
TRIED_AGAIN = "Next: look at what is named above; the next run tries it again."
LEADING = {
    MEANT: f"{MEANT}, approve exactly this plan:",
    EMPTY_MEANT: f"{EMPTY_MEANT}, approve exactly this plan:",
    UNDO_MEANT: f"{UNDO_MEANT}, approve exactly this plan:",
    EXACTLY: f"{EXACTLY}:",
}


Warned = Iterable[TargetPlan | TargetReport]


def finding_nothing(targets: Warned) -> tuple[str, ...]:
    """Return what is said of selectors of the scope that find nothing."""
    warnings = (warning for target in targets for warning in target.warnings)
    return tuple(dict.fromkeys(w.message for w in warnings if w.code == SCOPE_EMPTY))


def parted(sentence: str, digest: str = "") -> tuple[str, str]:
    """Part a sentence from the command or the ``digest`` to be copied that it leads to; ``""`` where none does."""
    if sentence.endswith(":"):
        return sentence, digest
    for words, leading in LEADING.items():
        if sentence.startswith(f"{words}: "):
            return leading, sentence.removeprefix(f"{words}: ")
    return sentence, ""


class Advice(Protocol):
    """Says what to do after a plan and after a run."""

    def after_plan(self, plan: Plan, verdict: Verdict | None) -> str:
        """Say what to do with a plan, which the guard may have stopped."""

    def after_run(self, report: RunReport, verdict: Verdict | None) -> str:
        """Say what to do after a run; the verdict is of one that was refused."""

    def approval(self, digest: str) -> str:
        """Say how to approve a plan that is over the limits."""

    def exactly(self, plan: Plan, verdict: Verdict | None) -> str:
        """Say how to apply this plan or none; nothing where that is said already, or cannot be."""


@dataclass(frozen=True, slots=True)
class Call:
    """How this command was called, so that the next one can be named in full."""

    config: str | None = None
    target: str | None = None
    settings: tuple[str, ...] = ()
    saved: str | None = None
    undoes: str | None = None  # the run that this command undoes
    acts: tuple[str, ...] = SYNC  # what carries out a plan that is not saved, with its own options
    program: str = "aadsync"  # as it was typed, where a shell would not find it by its name

    def command(self, *words: str) -> str:
        """Return a command line with the options of this one, as far as that command has them."""
        return shlex.join([self.program, *words, *self.options(words[0])])

    def options(self, command: str) -> tuple[str, ...]:
        """Return the options that chose settings and target, for another command."""
        target = self.target and command not in OF_ALL_TARGETS
        return (
            *(("-c", self.config) if self.config else ()),
            *(("--target", str(self.target)) if target else ()),
            *(part for setting in self.settings for part in ("--set", setting)),
        )

    def after_plan(self, plan: Plan, verdict: Verdict | None) -> str:
        """Say what to do with a plan, which the guard may have stopped."""
        if plan.empty:
            return _after_nothing(plan)
        if verdict and not verdict.allowed:
            return self._refused(verdict, plan.digest, plan.targets)
        if self.saved:
            return f"Next: {self._apply()} applies exactly this."
        later = "; with --save FILE, apply can wait for a review" if self.acts == SYNC else ""
        return f"Next: {self._apply()} applies it{later}."

    def after_run(self, report: RunReport, verdict: Verdict | None) -> str:
        """Say what to do after a run; the verdict is of one that was refused."""
        if report.status is Status.REFUSED:
            return self._refused(verdict, report.digest, report.targets)
        if report.undoes:
            return _after_undo(clean=report.clean)
        if report.clean:
            return f"{NOTHING} {self.command('plan')} shows the next changes."
        return f"Next: look at what is named above; {self.command(*self.acts)} tries it again."

    def _apply(self) -> str:
        if self.saved:
            return self.command("apply", self.saved)
        return self.command("undo", self.undoes) if self.undoes else self.command(*self.acts)

    def _refused(self, verdict: Verdict | None, digest: str, targets: Warned) -> str:
        if verdict and not verdict.approvable:
            return PROTECTED
        return self._approval(digest, EMPTY_MEANT if finding_nothing(targets) else MEANT)

    def approval(self, digest: str) -> str:
        """Say how to approve a plan that is over the limits."""
        return self._approval(digest, MEANT)

    def _approval(self, digest: str, meant: str) -> str:
        return f"{UNDO_MEANT if self.undoes else meant}: {self.approving(digest)}"

    def approving(self, digest: str) -> str:
        """Return the command line that applies exactly this plan."""
        return f"{self._apply()} --approve {digest}"

    def exactly(self, plan: Plan, verdict: Verdict | None) -> str:
        """Say how to apply this plan or none."""
        return f"{EXACTLY}: {self.approving(plan.digest)}" if _free(plan, verdict) else ""


class InNotebook:
    """Names notebooks of the job, and their widgets."""

    def after_plan(self, plan: Plan, verdict: Verdict | None) -> str:
        """Say what to do with a plan, which the guard may have stopped."""
        if plan.empty:
            return _after_nothing(plan)
        if verdict and not verdict.approvable:
            return PROTECTED
        if plan.undoes:
            return CONFIRM
        if verdict is None or verdict.allowed:
            return APPLY
        return APPROVE_EMPTY if finding_nothing(plan.targets) else APPROVE

    def approval(self, digest: str) -> str:
        """Say how to approve a plan that is over the limits."""
        return f"{APPROVE} {digest}"

    def exactly(self, plan: Plan, verdict: Verdict | None) -> str:
        """Say how to apply this plan or none; undoing asks for the digest in any case."""
        free = _free(plan, verdict) and not plan.undoes
        return f"{EXACTLY}: approve = {plan.digest}" if free else ""

    def after_run(self, report: RunReport, verdict: Verdict | None) -> str:  # noqa: ARG002 - for commands
        """Say what to do after a run."""
        if report.status is Status.REFUSED:
            return SEE_PLAN
        if report.undoes:
            return _after_undo(clean=report.clean)
        return f"{NOTHING} 02_plan shows the next changes." if report.clean else TRIED_AGAIN


def _free(plan: Plan, verdict: Verdict | None) -> bool:
    return not plan.empty and (verdict is None or verdict.allowed)


def _after_nothing(plan: Plan) -> str:
    if finding_nothing(plan.targets):
        return CORRECT
    waiting = any(target.quarantined or target.on_hold for target in plan.targets)
    return LOOK if waiting else NOTHING


def _after_undo(*, clean: bool) -> str:
    return f"{NOTHING if clean else LOOK}".rstrip(".") + f"; {AGAIN}."
