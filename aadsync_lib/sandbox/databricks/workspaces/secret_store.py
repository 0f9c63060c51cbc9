"""Secret scopes with their secrets and who may do what with them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request
from aadsync_lib.sandbox.databricks.records import JsonObject

LEVELS = ("READ", "WRITE", "MANAGE")
NAME = re.compile(r"[\w.@-]{1,128}")
MAX_BYTES = 128 * 1024


@dataclass(slots=True)
class Scope:
    """One scope; ``acls`` are levels by principal, ``secrets`` have the time they were put."""

    name: str
    key_vault: JsonObject | None = None
    acls: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, tuple[bytes, int]] = field(default_factory=dict)

    @property
    def backend(self) -> str:
        return "DATABRICKS" if self.key_vault is None else "AZURE_KEYVAULT"

    def shown(self) -> JsonObject:
        """Return the scope as a list of scopes shows it."""
        shown: JsonObject = {"name": self.name, "backend_type": self.backend}
        return shown | ({"keyvault_metadata": self.key_vault} if self.key_vault else {})

    def allows(self, level: str, principals: Iterable[str]) -> bool:
        """Whether any of the principals has that level or one above it."""
        enough = LEVELS[LEVELS.index(level) :]
        return any(self.acls.get(principal) in enough for principal in principals)


class SecretStore:
    """Scopes by name."""

    def __init__(self) -> None:
        self.scopes: dict[str, Scope] = {}

    def create(self, name: str, creator: str, key_vault: JsonObject | None = None) -> Scope:
        if name in self.scopes:
            message = f"Scope {name} already exists!"
            raise ApiError(400, message, code="RESOURCE_ALREADY_EXISTS")
        scope = self.scopes[checked(name, "scope")] = Scope(name, key_vault)
        scope.acls[creator] = "MANAGE"
        return scope

    def find(self, name: str) -> Scope:
        scope = self.scopes.get(name)
        if scope is None:
            raise ApiError(404, f"Scope {name} does not exist!")
        return scope

    def check_writable(self, scope: Scope) -> None:
        """Refuse a scope that only shows the secrets of a key vault."""
        if scope.key_vault is not None:
            raise ApiError(400, f"Scope {scope.name} is kept in a key vault", code="BAD_REQUEST")

    def put(self, scope: str, key: str, value: bytes, at: int = 0) -> None:
        found = self.find(scope)
        self.check_writable(found)
        if len(value) > MAX_BYTES:
            raise bad_request(f"The secret is {len(value)} bytes, over the limit of {MAX_BYTES}")
        found.secrets[checked(key, "key")] = value, at


def checked(name: str, what: str) -> str:
    if NAME.fullmatch(name) is None:
        raise bad_request(f"{name!r} is not valid as a {what}: 1 to 128 of A-Z a-z 0-9 _ - . @")
    return name
