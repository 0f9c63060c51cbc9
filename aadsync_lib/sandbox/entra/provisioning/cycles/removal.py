"""Deprovisioning of one object: disabled, deleted, or left alone."""

from __future__ import annotations

from aadsync_lib.sandbox.entra.provisioning.cycles import scim
from aadsync_lib.sandbox.entra.provisioning.cycles.outcome import REDUNDANT, Outcome
from aadsync_lib.sandbox.entra.provisioning.cycles.scoping import why_not
from aadsync_lib.sandbox.entra.provisioning.cycles.writer import Writer


class Removal(Writer):
    """Takes away who is out of scope."""

    async def _deprovision(self, outcome: Outcome) -> Outcome:
        entry = outcome.entry
        outcome.target_id = self._job.links[entry.key]
        if "Delete" not in self._flows:
            return outcome.skip("FlowTypeNotEnabled", "The mapping deletes nothing.")
        if self._options.keep_out_of_scope and entry.exists and entry.enabled:
            return outcome.skip("SkipOutOfScopeDeletions", f"'{entry.name}' {why_not(entry)}.")
        if entry.kind == "User" and not entry.purged:
            return await self._disable(outcome)
        outcome.action = "delete"
        path = f"{scim.PATHS[entry.kind]}/{outcome.target_id}"
        answer = await self._send("DELETE", path)
        if answer.status not in {200, 204, 404}:
            return outcome.refused(answer.status, answer.body, "EntryExportDelete")
        for memory in (self._job.links, self._job.exported, self._job.types):
            memory.pop(entry.key, None)
        words = f"{entry.kind} '{entry.name}' was deleted in Databricks"
        outcome.step("EntryExportDelete", "Export", "Success", words)
        return outcome

    async def _disable(self, outcome: Outcome) -> Outcome:
        entry = outcome.entry
        done = self._job.exported.get(entry.key, {"values": {}})
        if done["values"].get("active") == "False":
            return outcome.skip(REDUNDANT, f"'{entry.name}' is disabled already.")
        outcome.action = "disable"
        body = scim.patch(scim.replacing({"active": "False"}))
        answer = await self._send("PATCH", f"Users/{outcome.target_id}", body)
        if answer.status not in {200, 204}:
            return outcome.refused(answer.status, answer.body, "EntryExportUpdate")
        outcome.change("active", done["values"].get("active"), "False")
        values = {**done["values"], "active": "False"}
        return self._exported(outcome, values, [], "EntryExportUpdate", "disabled")
