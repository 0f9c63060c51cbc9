"""The check of a whole plan against limits and protected principals, before the first write."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aadsync_lib.config.policy import Limit, Limits
from aadsync_lib.model.change import DEPROVISIONS, Action
from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.model.wording import and_more
from aadsync_lib.reconcile.assignments.given import access_lost

FIRST_NAMES = 5
MANAGED = {
    "users_deprovisioned": "accounts",
    "groups_removed": "groups",
    "members_removed": "direct memberships (a person counts for each group lost, directly or by nesting)",
    "access_removed": "assignments and entitlements",
    "groups_emptied": "groups",
}
PLAIN = re.compile(r"[\w@.+ /()-]+")


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that a plan goes over, or something protected that it touches."""

    target: str
    limit: str
    count: int
    allowed: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        names = ", ".join(map(_quoted, self.names[:FIRST_NAMES]))
        names += and_more(len(self.names) - FIRST_NAMES)
        return f"{self.target}: {self.limit} is {self.count}, allowed {self.allowed}: {names}"


def _quoted(name: str) -> str:
    """Put a name into quotes where its own punctuation would blur where it ends."""
    return name if PLAIN.fullmatch(name) else f'"{name}"'.replace("\n", "\\n")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything the guard has against a plan, given the digest that was approved, if any."""

    digest: str
    protected: tuple[Breach, ...] = ()
    breaches: tuple[Breach, ...] = ()
    approve: str | None = None

    @property
    def approvable(self) -> bool:
        """Whether an approval would let the plan run: none does where something protected is touched."""
        return not self.protected

    @property
    def approved(self) -> bool:
        """Whether what was approved is this plan."""
        return self.approve == self.digest

    @property
    def foreign(self) -> bool:
        """Whether another plan was approved: whoever names a plan wants that one or none."""
        return self.approve is not None and not self.approved

    @property
    def allowed(self) -> bool:
        """Whether the plan may run."""
        return self.approvable and not self.foreign and (self.approved or not self.breaches)

    @property
    def objections(self) -> tuple[str, ...]:
        """Everything against the plan, a line each."""
        other = f"the digest given, {self.approve}, is of another plan; that of this one is {self.digest}"
        return (*map(str, (*self.protected, *self.breaches)), *([other] if self.foreign else ()))


AllLimits = Limits | Mapping[str, Limits]  # of every target alike, or by the target's name


def judge(plan: Plan, limits: AllLimits, approve: str | None = None) -> Verdict:
    """Check the whole plan. ``approve`` is a digest: it lifts the limits of that plan, and stops any other."""
    return Verdict(plan.digest, touches_protected(plan), breaches(plan, limits), approve)


def breaches(plan: Plan, limits: AllLimits) -> tuple[Breach, ...]:
    """Return every limit that any target's plan goes over."""
    return tuple(
        breach
        for target in plan.targets
        for breach in _over(target, limits if isinstance(limits, Limits) else limits[target.target])
    )


def touches_protected(plan: Plan) -> tuple[Breach, ...]:
    """Return every change of something protected; no approval lifts this."""
    return tuple(breach for target in plan.targets for breach in _touched(target))


def _over(plan: TargetPlan, limits: Limits) -> Iterator[Breach]:
    deprovisioned = [change.name for change in plan.changes if change.action in DEPROVISIONS]
    managed = plan.managed
    for name, limit, names, of in (
        ("users_deprovisioned", limits.users_deprovisioned, deprovisioned, managed.users),
        ("groups_removed", limits.groups_removed, plan.retired, managed.groups),
        ("members_removed", limits.members_removed, tuple(map(str, plan.losing)), managed.members),
        ("access_removed", limits.access_removed, access_lost(plan.changes), managed.access),
        ("groups_emptied", limits.groups_emptied, plan.emptied, managed.groups),
    ):
        allowed = _exceeded(limit, len(names), f"{of} managed {MANAGED[name]}", of)
        if allowed:
            yield Breach(plan.target, name, len(names), allowed, tuple(names))


def _exceeded(limit: Limit, count: int, managed: str, of: int) -> str | None:
    """Return the limit that ``count`` is over, in words; both where it is over both."""
    over = []
    if limit.count is not None and count > limit.count:
        over.append(str(limit.count))
    if limit.share is not None and count > limit.floor and count > limit.share * of:
        over.append(f"{limit.share:.0%} of {managed}")
    return " and ".join(over) or None


def _touched(plan: TargetPlan) -> Iterator[Breach]:
    names: Sequence[str] = [
        change.name for change in plan.changes if change.target_id in plan.protected
    ] + [
        f"{member.name} from {change.name}"
        for change in plan.changes
        if change.action is Action.REMOVE_MEMBERS
        for member in change.members
        if member.target_id in plan.protected
    ]
    if names:
        yield Breach(plan.target, "protected", len(names), "0", tuple(names))
