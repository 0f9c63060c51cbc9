"""Digests that tell on which side the world has moved since a plan was saved.

They cost seconds where there are a million memberships, so that nothing but a saved plan has them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from aadsync_lib.engine.planning import Planning, TargetPlanning
from aadsync_lib.model.account import Account, Members
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.identity import Kind, Principal
from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.reconcile.context import TargetContext


def fingerprinted(planned: Planning) -> Plan:
    """Return the plan with the digests of both sides. What undoes a run reads no source."""
    plan = planned.plan
    targets = tuple(_with_state(planned.parts[one.target]) for one in plan.targets)
    contexts = [part.context for part in planned.parts.values() if part.context]
    source = source_digest(contexts[0].desired) if contexts else None
    return replace(plan, targets=targets, source_digest=source)


def source_digest(desired: Desired) -> str:
    """Return a digest of who is in scope, and who is in which group."""
    groups = desired.groups.values()
    return _digest(
        (
            *(_said(one) for one in desired.principals.values()),
            *((*_said(one.principal), one.unread, sorted(one.members)) for one in groups),
            *((one.external_id, one.name, one.reason) for one in desired.quarantined.values()),
            (desired.complete,),
        )
    )


def state_digest(
    accounts: Mapping[str, Account], members: Mapping[str, Members], concerned: Collection[str]
) -> str:
    """Return a digest of the objects that a plan is about, and of the members of its groups."""
    found = (accounts[one] for one in concerned if one in accounts)
    return _digest(
        (
            *(
                (one.id, one.kind, one.name, one.display_name, one.external_id, one.active)
                for one in found
            ),
            *(
                (group, sorted(one) if isinstance(one, frozenset) else one.reason)
                for group, one in members.items()
            ),
        )
    )


def _with_state(part: TargetPlanning) -> TargetPlan:
    context = part.context
    if context is None:
        return part.plan
    digest = state_digest(context.target.accounts, context.members, _concerned(context))
    return replace(part.plan, state_digest=digest)


def _concerned(context: TargetContext) -> frozenset[str]:
    matched = (match.account.id for match in context.correlation.matches.values() if match.account)
    groups = (one.id for one in context.target.accounts.values() if one.kind is Kind.GROUP)
    return frozenset((*matched, *context.links.by_target, *context.correlation.held, *groups))


def _said(one: Principal) -> tuple[object, ...]:
    return one.external_id, one.kind, one.name, one.display_name, one.active


def _digest(parts: Iterable[Any]) -> str:
    lines = sorted(json.dumps(part, ensure_ascii=True) for part in parts)
    return f"sha256:{hashlib.sha256(chr(10).join(lines).encode()).hexdigest()}"
