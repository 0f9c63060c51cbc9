"""Sections of one target laid over those of the whole sync, and the scope that covers all targets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from aadsync_lib.config.base import Section
from aadsync_lib.config.policy import Policy, Protected
from aadsync_lib.config.scope import Scope

S = TypeVar("S", bound=Section)


def laid_over(section: S, own: S) -> S:
    """Return the section with the keys that a target names in the place of the same keys."""
    return section.model_copy(update={key: getattr(own, key) for key in own.model_fields_set})


def policy_over(policy: Policy, own: Policy) -> Policy:
    """Return the policy of a target: limit by limit, and protected is who either of them protects."""
    limits = laid_over(policy.limits, own.limits)
    protected = _joined(policy.protected, own.protected)
    return laid_over(policy, own).model_copy(update={"limits": limits, "protected": protected})


def _joined(protected: Protected, own: Protected) -> Protected:
    names = {key: tuple(dict.fromkeys((*value, *getattr(own, key)))) for key, value in protected}
    return Protected(**names)


def covering(scopes: Sequence[Scope]) -> Scope:
    """Return the scope of which each of these is a part: what one read of Entra has to bring."""
    first, *others = dict.fromkeys(scopes)
    if not others:
        return first
    nested = {scope.nested for scope in scopes}
    kinds = {scope.groups_of_kind for scope in scopes}
    return Scope(
        groups=tuple(dict.fromkeys(group for scope in scopes for group in scope.groups)),
        nested="direct" if nested == {"direct"} else "preserve",
        groups_of_kind="security" if kinds == {"security"} else "all",
        service_principals=any(scope.service_principals for scope in scopes),
        users=tuple(dict.fromkeys(clauses for scope in scopes for clauses in scope.users)),
    )


def without_groups(whole: object, own: Iterable[object]) -> Iterator[str]:
    """Yield where groups are missing, given those of the sync and those of each target."""
    targets = list(own)
    if whole:
        return
    if not any(targets):
        yield "scope.groups: is missing; expected a list, such as [{prefix: dbx-}]"
        return
    for index, groups in enumerate(targets):
        if not groups:
            yield (
                f"targets.{index}.scope.groups: is missing; expected a list, as scope.groups of the "
                f"whole sync is missing, too"
            )
