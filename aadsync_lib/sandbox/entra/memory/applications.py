"""The part of a tenant's state that concerns applications: owned ones, the gallery, delays."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Literal

from aadsync_lib.sandbox.entra.kinds import JsonObject


@dataclass(slots=True)
class ApplicationSwitches:
    """Delays of new objects, as numbers of requests, and answers that Graph does not promise."""

    cloud: Literal["global", "us_government", "china"] = "global"
    """Outside of the global one the gallery lacks the connector. US Government takes secrets of 1 KB
    in all; China has no log of provisioning, no provisioning on demand and no test of credentials."""

    not_found: int = 0
    """So many requests by the id of a new application or service principal are answered with 404."""
    flapping: bool = False
    """Between two of those, one request succeeds."""
    unlisted: int = 0
    """So many listings do not show a new application or service principal."""
    roles_late: int = 0
    """So many reads of an instantiated service principal show no ``appRoles``; the answer to
    instantiate never does."""
    forbidden: int = 0
    """So many synchronization requests for a new service principal are answered with 403."""
    conflicts: int = 0
    """And so many after those with 409."""
    no_backing_application: int = 0
    """So many ``POST /servicePrincipals`` for a new application are answered with 400."""
    assignments_unlisted: int = 0
    """So many listings do not show a new assignment."""
    duplicate_assignment: Literal["400", "409"] = "400"
    zero_role: Literal["refused", "accepted"] = "refused"
    """The assignment without a role, where the application has roles that are enabled."""
    caller_owns_new: bool = True
    """Who makes an application, or instantiates one, owns it."""


@dataclass
class Applications:
    """Owned objects and the gallery of one tenant; and for new objects, what they still owe."""

    switches: ApplicationSwitches = field(default_factory=ApplicationSwitches)
    owned: set[str] = field(default_factory=set)
    """Ids of applications and service principals that the caller owns."""
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    """Passwords by key id, which Graph shows once."""
    certificates: dict[str, str] = field(default_factory=dict)
    """Certificates in PEM, by key id."""
    federated: dict[str, list[JsonObject]] = field(default_factory=dict)
    """Tokens of other issuers that an application, by id, may log in with."""
    templates: list[JsonObject] | None = None
    """Templates of the gallery; ``None`` is those that the cloud has."""
    _owing: dict[tuple[str, str], int] = field(default_factory=dict)
    _refused: set[str] = field(default_factory=set)

    def created(self, *keys: str) -> None:
        """Take note of new objects."""
        for key in keys:
            if self.switches.caller_owns_new:
                self.owned.add(key)
            for sort in ("not_found", "unlisted", "forbidden", "conflicts"):
                self.owe(key, sort)

    def owe(self, key: str, sort: str) -> None:
        """Let requests of one sort for a new object go wrong, as often as the switch says."""
        self._owing[key, sort] = getattr(self.switches, sort)

    def takes(self, key: str, sort: str) -> bool:
        """Whether this request is one of those that go wrong; it is counted."""
        left = self._owing.get((key, sort), 0)
        if left <= 0:
            return False
        self._owing[key, sort] = left - 1
        return True

    def hides(self, key: str) -> bool:
        """Whether this request by id does not find a new object."""
        if self.switches.flapping and key in self._refused:
            self._refused.discard(key)
            return False
        hidden = self.takes(key, "not_found")
        if hidden:
            self._refused.add(key)
        return hidden

    def to_json(self) -> JsonObject:
        return {
            "switches": asdict(self.switches),
            "owned": sorted(self.owned),
            "secrets": dict(self.secrets),
            "certificates": dict(self.certificates),
            "federated": dict(self.federated),
            "templates": self.templates,
            "owing": [[*key, left] for key, left in self._owing.items() if left],
        }

    @classmethod
    def from_json(cls, section: JsonObject) -> Applications:
        state = cls(ApplicationSwitches(**section.get("switches", {})))
        state.owned = set(section.get("owned", ()))
        for name in ("secrets", "certificates", "federated"):
            setattr(state, name, dict(section.get(name, {})))
        state.templates = section.get("templates", state.templates)
        state._owing = {(key, sort): left for key, sort, left in section.get("owing", ())}
        return state
