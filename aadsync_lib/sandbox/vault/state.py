"""Vaults and their secrets."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Refusal = Literal["rbac", "policy", "firewall", "private"]
SUFFIXES = ("vault.azure.net", "vault.azure.cn", "vault.usgovcloudapi.net")
"""Of the public cloud, of China and of the US Government."""


@dataclass(slots=True)
class Version:
    """One version of a secret. Times are whole seconds since 1970."""

    id: str
    value: str
    enabled: bool = True
    not_before: int | None = None
    expires: int | None = None
    created: int = 0


@dataclass
class Vault:
    """One vault. Its newest version of a secret is the one that a request without a version gets."""

    name: str
    suffix: str = SUFFIXES[0]
    refusal: Refusal | None = None
    """Everybody is refused: no role assigned, no access policy, the firewall, a private endpoint."""
    readers: set[str] | None = None
    """Client ids that may read; ``None`` is every application of the tenant."""
    writers: set[str] | None = None
    """Client ids that may set; ``None`` is every one that may read."""
    refuses_outside_validity: bool = False
    """The documentation says that a secret is given before ``not_before`` and after ``expires``, too."""
    secrets: dict[str, dict[str, Version]] = field(default_factory=dict)
    clock: Callable[[], float] = field(default=time.time, repr=False)

    @property
    def host(self) -> str:
        return f"{self.name}.{self.suffix}"

    @property
    def url(self) -> str:
        return f"https://{self.host}"

    def add(
        self,
        name: str,
        value: str,
        *,
        enabled: bool = True,
        not_before: int | None = None,
        expires: int | None = None,
    ) -> Version:
        """Add a secret, or a new version of it."""
        versions = self.secrets.setdefault(name, {})
        number = next(n for n in itertools.count(1) if _version_id(n) not in versions)
        made = Version(_version_id(number), value, enabled, not_before, expires, int(self.clock()))
        versions[made.id] = made
        return made

    def find(self, name: str, version: str | None) -> Version | None:
        """The version, or the newest one. Names take no account of case."""
        versions = next((v for k, v in self.secrets.items() if k.lower() == name.lower()), {})
        if not version:
            return list(versions.values())[-1] if versions else None
        return versions.get(version)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "suffix": self.suffix,
            "secrets": {
                name: [asdict(v) for v in versions.values()]
                for name, versions in self.secrets.items()
            },
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Vault:
        """A saved vault, or one written by hand, with secrets as ``name: value``."""
        vault = cls(data["name"], data.get("suffix", SUFFIXES[0]))
        for name, saved in data.get("secrets", {}).items():
            vault.secrets[name] = {v["id"]: Version(**v) for v in _versions(saved)}
        return vault


def by_host(vaults: Iterable[Vault]) -> dict[str, Vault]:
    return {vault.host: vault for vault in vaults}


def _versions(saved: Any) -> list[dict[str, Any]]:
    return saved if isinstance(saved, list) else [{"id": _version_id(1), "value": saved}]


def _version_id(number: int) -> str:
    return f"{number:032x}"
