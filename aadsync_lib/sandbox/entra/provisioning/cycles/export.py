"""Export of one object to Databricks: matched, created or updated, or else removed."""

from __future__ import annotations

import json
from urllib.parse import quote

from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.memory.provisioning import ScimAnswer
from aadsync_lib.sandbox.entra.provisioning.cycles import scim
from aadsync_lib.sandbox.entra.provisioning.cycles.expressions import ExpressionError, source_value
from aadsync_lib.sandbox.entra.provisioning.cycles.outcome import NOT_ENTITLED, REDUNDANT, Outcome
from aadsync_lib.sandbox.entra.provisioning.cycles.removal import Removal
from aadsync_lib.sandbox.entra.provisioning.cycles.scoping import introduce, why_not
from aadsync_lib.sandbox.entra.provisioning.cycles.source import Entry
from aadsync_lib.sandbox.entra.provisioning.cycles.writer import MEMBERS

REQUIRED = {"User": "userName", "Group": "displayName"}
SPECIAL = frozenset("'\"\\&#+%<>")


class Exporter(Removal):
    """Exports the objects of one mapping, and remembers in the job what it did."""

    async def export(self, entry: Entry, now: str) -> Outcome:
        outcome = Outcome(entry, now)
        introduce(outcome)
        if entry.in_scope:
            return await self._provision(outcome)
        if entry.key in self._job.links:
            return await self._deprovision(outcome)
        return outcome.skip(NOT_ENTITLED, f"The {entry.kind} '{entry.name}' {why_not(entry)}.")

    async def _provision(self, outcome: Outcome) -> Outcome:
        entry = outcome.entry
        try:
            values = self._values(entry)
        except ExpressionError as error:
            return outcome.fail("InvalidExpression", f"The expression {error} cannot be evaluated.")
        required = REQUIRED[entry.kind]
        if required not in values:
            reason = f"The required attribute {required} of '{entry.name}' has no value."
            return outcome.fail("MandatoryFieldsMissing", reason)
        known = self._job.links.get(entry.key)
        if known is not None:
            before = dict(self._job.exported.get(entry.key, {}).get("values", {}))
            return await self._update(outcome, known, values, before)
        return await self._join(outcome, values)

    def _values(self, entry: Entry) -> dict[str, str]:
        """Values by target attribute; what is empty cannot be provisioned."""
        mappings = self._mapping["attributeMappings"]
        pairs = {
            item["targetAttributeName"]: source_value(item, entry.values)
            for item in mappings
            if item["targetAttributeName"] != MEMBERS
        }
        return {name: value for name, value in pairs.items() if value is not None}

    async def _join(self, outcome: Outcome, values: dict[str, str]) -> Outcome:
        """Take over what matches, or create it."""
        entry = outcome.entry
        matching = [m for m in self._mapping["attributeMappings"] if m.get("matchingPriority")]
        for item in sorted(matching, key=lambda m: int(m["matchingPriority"])):
            name = item["targetAttributeName"]
            if name not in values or self._fails_to_match(values[name]):
                continue
            answer = await self._find(entry, name, values[name])
            if answer.status != 200:
                return outcome.refused(answer.status, answer.body, "EntryImport")
            rows = answer.body.get("Resources") or []
            if len(rows) > 1:
                reason = f"{len(rows)} objects have the {name} {values[name]}."
                return outcome.fail("DuplicateTargetEntries", reason, "EntryImport")
            if rows:
                return await self._take_over(outcome, rows[0], values)
        return await self._create(outcome, values)

    def _fails_to_match(self, value: str) -> bool:
        return self._options.special_names == "no_match" and not SPECIAL.isdisjoint(value)

    async def _find(self, entry: Entry, name: str, value: str) -> ScimAnswer:
        wanted = quote(f"{name} eq {json.dumps(value, ensure_ascii=False)}")
        return await self._send("GET", f"{scim.PATHS[entry.kind]}?filter={wanted}")

    async def _take_over(
        self, outcome: Outcome, row: JsonObject, values: dict[str, str]
    ) -> Outcome:
        entry, target_id = outcome.entry, str(row["id"])
        if target_id in self._job.links.values():
            reason = f"Another {entry.kind} is provisioned as '{entry.name}' already."
            return outcome.fail("DuplicateSourceEntries", reason, "EntryImport")
        outcome.step(
            "EntryImport", "Matching", "Success", f"Retrieved '{entry.name}' from Databricks"
        )
        self._job.links[entry.key], self._job.types[entry.key] = target_id, entry.kind
        before = {name: scim.value_in(row, name) for name in values}
        present = {name: value for name, value in before.items() if value is not None}
        return await self._update(outcome, target_id, values, present)

    async def _create(self, outcome: Outcome, values: dict[str, str]) -> Outcome:
        entry, job = outcome.entry, self._job
        if "Add" not in self._flows:
            return outcome.skip("FlowTypeNotEnabled", "The mapping creates nothing.")
        outcome.action = "create"
        outcome.step(
            "EntrySynchronizationAdd",
            "Matching",
            "Success",
            f"{entry.kind} '{entry.name}' will be created in Databricks",
        )
        members = self._wanted(entry)
        body = scim.resource(entry.kind, values)
        if members:
            body["members"] = [{"value": member} for member in members]
        answer = await self._send("POST", scim.PATHS[entry.kind], body)
        if answer.status != 201:
            return outcome.refused(answer.status, answer.body, "EntryExportAdd")
        job.links[entry.key], job.types[entry.key] = str(answer.body["id"]), entry.kind
        for name, value in values.items():
            outcome.change(name, None, value)
        return self._exported(outcome, values, members, "EntryExportAdd", "created")

    async def _update(
        self, outcome: Outcome, target_id: str, values: dict[str, str], before: dict[str, str]
    ) -> Outcome:
        entry = outcome.entry
        outcome.target_id = target_id
        changed = {n: v for n, v in values.items() if self._differs(entry, n, v, before.get(n))}
        had = self._job.exported.get(entry.key, {}).get(MEMBERS, [])
        members = self._wanted(entry)
        added = [m for m in members if m not in had]
        removed = [m for m in had if m not in members]
        operations = scim.replacing(changed) + scim.member_changes(added, removed)
        if not operations or "Update" not in self._flows:
            unsent = {n: before[n] for n in changed if n in before}
            kept = {n: v for n, v in values.items() if n not in changed}
            self._remember(outcome, kept | unsent, had if operations else members)
            return outcome.skip(
                REDUNDANT,
                f"The state of the {entry.kind.lower()} in both the source and target systems "
                "already match.",
            )
        outcome.action = "update"
        path = f"{scim.PATHS[entry.kind]}/{target_id}"
        answer = await self._send("PATCH", path, scim.patch(operations))
        if answer.status not in {200, 204}:
            return outcome.refused(answer.status, answer.body, "EntryExportUpdate")
        for name, value in changed.items():
            outcome.change(name, before.get(name), value)
        for verb, ids in (("added", added), ("removed", removed)):
            if ids:
                outcome.change(f"{MEMBERS}.{verb}", None, ", ".join(ids))
        return self._exported(outcome, values, members, "EntryExportUpdate", "updated")

    def _differs(self, entry: Entry, name: str, value: str, old: str | None) -> bool:
        """Whether an attribute has to be sent. Names of groups are not, once the group is there."""
        if value == old:
            return False
        for item in self._mapping["attributeMappings"]:
            if item["targetAttributeName"] == name:
                if old is not None and item.get("flowType") in {
                    "ObjectAddOnly",
                    "AttributeAddOnly",
                }:
                    return False
                matches = bool(item.get("matchingPriority"))
                return not (matches and (entry.kind == "Group" or _same(value, old)))
        return True


def _same(value: str, old: str | None) -> bool:
    return old is not None and value.casefold() == old.casefold()
