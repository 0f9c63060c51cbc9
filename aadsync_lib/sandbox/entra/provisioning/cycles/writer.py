"""Writes to the target, and the memory of them in the job."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.memory.jobs import Job
from aadsync_lib.sandbox.entra.memory.provisioning import ScimAnswer
from aadsync_lib.sandbox.entra.provisioning.credentials import Target
from aadsync_lib.sandbox.entra.provisioning.cycles.outcome import Outcome
from aadsync_lib.sandbox.entra.provisioning.cycles.source import Entry

MEMBERS = "members"


class CredentialsRefusedError(Exception):
    """The target does not take the token any more; nothing can be exported."""

    def __init__(self, path: str) -> None:
        super().__init__(f"Resource: {path} Response Status Code: Unauthorized")


@dataclass(frozen=True, slots=True)
class Options:
    """What differs from one export to another."""

    initial: bool = True
    """Look at the members of a group even where they are those of the last time."""
    keep_out_of_scope: bool = False
    """Leave who is out of scope as it is, ``SkipOutOfScopeDeletions``."""
    special_names: str = "match"
    only_members: frozenset[str] | None = None
    """Members that a group gets on demand, besides those it has."""


class Writer:
    """Writes of one mapping; the job remembers what was sent, and to which object."""

    def __init__(self, target: Target, job: Job, mapping: JsonObject, options: Options) -> None:
        self._target = target
        self._job = job
        self._mapping = mapping
        self._options = options
        self._flows = {flow.strip() for flow in str(mapping["flowTypes"]).split(",")}

    async def _send(self, method: str, path: str, body: JsonObject | None = None) -> ScimAnswer:
        answer = await self._target.send(method, path, body)
        if answer.status == 401:
            raise CredentialsRefusedError(path)
        return answer

    def _exported(
        self, outcome: Outcome, values: dict[str, str], members: list[str], step: str, verb: str
    ) -> Outcome:
        entry = outcome.entry
        outcome.target_id = self._job.links[entry.key]
        self._remember(outcome, values, members)
        outcome.step(
            step, "Export", "Success", f"{entry.kind} '{entry.name}' was {verb} in Databricks"
        )
        return outcome

    def _remember(
        self, outcome: Outcome, values: dict[str, str], members: Iterable[str] = ()
    ) -> None:
        """Keep what was sent; members that failed themselves are looked at again."""
        entry = outcome.entry
        failed = [m for m in entry.members if m in self._job.escrows]
        outcome.references = len(failed)
        seen = sorted(set(entry.members) - set(failed))
        if self._options.only_members is not None:
            seen = []
        self._job.exported[entry.key] = {"values": values, MEMBERS: list(members), "sources": seen}

    def _wanted(self, entry: Entry) -> list[str]:
        """Target ids that a group is to have as members, as far as they are provisioned."""
        if not self._maps_members() or entry.kind != "Group":
            return []
        done = self._job.exported.get(entry.key, {})
        links, chosen = self._job.links, self._options.only_members
        if chosen is not None:
            asked = [links[m] for m in entry.members if m in chosen and m in links]
            return list(dict.fromkeys([*done.get(MEMBERS, []), *asked]))
        if not self._options.initial and done.get("sources") == sorted(entry.members):
            return list(done[MEMBERS])
        return [links[m] for m in entry.members if m in links]

    def _maps_members(self) -> bool:
        mappings = self._mapping["attributeMappings"]
        return any(item["targetAttributeName"] == MEMBERS for item in mappings)
