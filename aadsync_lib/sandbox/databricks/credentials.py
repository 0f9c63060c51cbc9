"""Who may call the account: tokens and OAuth clients."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from aadsync_lib.sandbox.databricks.records import JsonObject

ADMIN_ROLE = "account_admin"


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token; one for SCIM provisioning belongs to nobody and opens 2.1 paths only."""

    identity: str | None = None
    scim_only: bool = False
    expires: float | None = None

    def to_json(self) -> JsonObject:
        return asdict(self)
