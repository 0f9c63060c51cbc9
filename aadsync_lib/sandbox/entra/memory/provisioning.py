"""The part of a tenant's state that concerns provisioning."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field

from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.memory.jobs import Job
from aadsync_lib.sandbox.entra.memory.pace import Pace
from aadsync_lib.sandbox.entra.memory.switches import ProvisioningSwitches

Secrets = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class ScimAnswer:
    """An answer of the target; a status of 0 is none at all."""

    status: int
    body: JsonObject


Reach = Callable[[str, str, str, JsonObject | None], Awaitable[ScimAnswer]]
"""Sends one request to a target: method, address, token and body."""


async def _nowhere(_method: str, _url: str, _token: str, _body: JsonObject | None) -> ScimAnswer:
    return ScimAnswer(0, {})


@dataclass
class Provisioning:
    """Jobs by id, secrets by service principal, and the log, oldest first."""

    switches: ProvisioningSwitches = field(default_factory=ProvisioningSwitches)
    jobs: dict[str, Job] = field(default_factory=dict)
    secrets: dict[str, Secrets] = field(default_factory=dict)
    former_secrets: dict[str, Secrets] = field(default_factory=dict)
    log: list[JsonObject] = field(default_factory=list)
    reach: Reach = _nowhere
    pace: Pace = field(default_factory=Pace)
    _owing: dict[str, int] = field(default_factory=dict)

    def jobs_of(self, principal: str) -> list[Job]:
        return [job for job in self.jobs.values() if job.principal == principal]

    def secret(self, principal: str, key: str) -> str:
        """A stored secret; empty is none."""
        pairs = self.secrets.get(principal, ())
        return next((pair["value"] for pair in pairs if pair["key"] == key), "")

    def forget(self, principal: str) -> None:
        """Drop everything of a service principal that is gone."""
        self.secrets.pop(principal, None)
        for job in self.jobs_of(principal):
            del self.jobs[job.id]

    def owe(self, key: str, requests: int) -> None:
        """Let so many requests for this go wrong."""
        self._owing[key] = requests

    def takes(self, key: str) -> bool:
        """Whether this request is one of those that go wrong; it is counted."""
        left = self._owing.get(key, 0)
        if left <= 0:
            return False
        self._owing[key] = left - 1
        return True

    def to_json(self) -> JsonObject:
        return {
            "switches": asdict(self.switches),
            "jobs": [job.to_json() for job in self.jobs.values()],
            "secrets": self.secrets,
            "former_secrets": self.former_secrets,
            "log": self.log,
            "owing": {key: left for key, left in self._owing.items() if left},
        }

    @classmethod
    def from_json(cls, section: JsonObject) -> Provisioning:
        state = cls(ProvisioningSwitches(**section.get("switches", {})))
        state.jobs = {item["id"]: Job(**item) for item in section.get("jobs", ())}
        state.secrets = dict(section.get("secrets", {}))
        state.former_secrets = dict(section.get("former_secrets", {}))
        state.log = list(section.get("log", ()))
        state._owing = dict(section.get("owing", {}))
        return state
