"""A settings file with several targets, and what is in force for each, said as plainly as it can be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from aadsync_lib.config.policy import Policy
from aadsync_lib.config.scope import MappingSettings, Scope
from aadsync_lib.config.settings import Settings
from tests.oracle.days import SETTINGS, pick
from tests.unit.build import NO_LIMITS, settings

Keys = dict[str, Any]
Clauses = list[list[dict[str, str]]]
BOTH, APPLICATION = {"prefix": "both"}, {"application": "Databricks"}
WITH_MAIL: Clauses = [[{"attribute": "mail", "operator": "is_not_null"}]]
SHOWN_A: Clauses = [[{"attribute": "displayName", "operator": "starts_with", "value": "a"}]]
MEMBERS: Clauses = [[{"attribute": "userType", "operator": "equals", "value": "member"}]]
SECTIONS = {"policy": Policy, "scope": Scope, "mapping": MappingSettings}
CHOICES: dict[str, list[Any]] = SETTINGS | {
    "service_principals": [True, False],
    "users": [[], [], WITH_MAIL, [[*WITH_MAIL[0], *SHOWN_A[0]], *MEMBERS]],
    "group_name": ["{displayName}", "x-{displayName}"],
    "user_name": ["userPrincipalName", "userPrincipalName", "mail"],
    "guest_user_name": ["mail", "userPrincipalName"],
    "display_name": ["{displayName}", "{displayName} ({mail})"],
}


def lines(target: str) -> list[Any]:
    """Return what ``scope.groups`` of a target may be; ``None`` leaves it to the whole sync."""
    own = {"prefix": target}
    return [[own, BOTH], [APPLICATION, own, BOTH], [own], [BOTH], None]


@dataclass
class SettingsFile:
    """``whole`` are the sections of the sync, ``own`` those of each target."""

    whole: dict[str, Keys]
    own: dict[str, dict[str, Keys]]
    _alone: dict[str, Settings] = field(default_factory=dict)

    @classmethod
    def of(cls, targets: Iterable[str]) -> SettingsFile:
        """Return a file with the defaults for all of them."""
        empty: dict[str, Keys] = {"policy": {}, "scope": {}, "mapping": {}}
        whole = deepcopy(empty) | {"scope": {"groups": [BOTH, APPLICATION]}}
        return cls(whole, {name: deepcopy(empty) | {"capacity": {}} for name in targets})

    def put(self, key: str, value: Any, target: str | None = None) -> None:
        """Write a key down for one target, or for all that have none of their own; ``None`` takes it out."""
        self._alone.clear()
        if key == "capacity":
            for name in [target] if target else self.own:
                self.own[name]["capacity"] = value or {}
            return
        section = next(name for name, kind in SECTIONS.items() if key in kind.model_fields)
        place = (self.own[target] if target else self.whole)[section]
        place.pop(key, None)
        if value is not None:
            place[key] = value

    def loaded(self) -> Settings:
        """Return the settings that the file gives."""
        return settings(
            scope=self.whole["scope"],
            mapping=self.whole["mapping"],
            targets=tuple(self.own),
            own=self.own,
            **self.whole["policy"],
        )

    def alone(self, target: str) -> Settings:
        """Return the settings of a file that has this target alone, with everything at its top."""
        if target not in self._alone:
            self._alone[target] = self._merged(target)
        return self._alone[target]

    def _merged(self, target: str) -> Settings:
        own = self.own[target]
        policy = self.whole["policy"] | own["policy"]
        policy["limits"] = NO_LIMITS | own["policy"].get("limits", {})
        policy["protected"] = self._protected(own)
        return settings(
            scope=self.whole["scope"] | own["scope"],
            mapping=self.whole["mapping"] | own["mapping"],
            targets=(target,),
            own={target: {"capacity": own["capacity"]}},
            **policy,
        )

    def _protected(self, own: dict[str, Keys]) -> Keys:
        some = [part["policy"].get("protected", {}) for part in (self.whole, own)]
        kinds = {kind for names in some for kind in names}
        return {kind: [name for names in some for name in names.get(kind, ())] for kind in kinds}


# --- what happens to the file


def configure_all(file: SettingsFile, target: str, a: int, b: int) -> None:
    name = pick(sorted(CHOICES), a)
    file.put(name, pick(CHOICES[name], b))


def configure_own(file: SettingsFile, target: str, a: int, b: int) -> None:
    name = pick(sorted(CHOICES), a)
    file.put(name, pick([*CHOICES[name], None], b), target)


def other_lines(file: SettingsFile, target: str, a: int, b: int) -> None:
    file.put("groups", pick(lines(target), b), target)


FILE_EVENTS: dict[str, Callable[[SettingsFile, str, int, int], None]] = {
    one.__name__: one for one in (configure_all, configure_own, other_lines)
}
