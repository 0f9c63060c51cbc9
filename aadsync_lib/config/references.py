"""References to secrets in the settings of logins, and the cloud that a key vault is of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aadsync_lib.config.base import SecretRef, Section

Logins = Iterable[tuple[str, Section]]  # by the key that each has in the file
VAULTS = {
    "public": ".vault.azure.net",
    "usgov": ".vault.usgovcloudapi.net",
    "usgov-dod": ".vault.usgovcloudapi.net",
    "china": ".vault.azure.cn",
}


def references(logins: Logins) -> Iterator[tuple[str, str, SecretRef]]:
    """Yield every reference, with the login it belongs to: ``("targets.account.auth", "token", …)``."""
    for owner, auth in logins:
        yield from ((owner, key, value) for key, value in auth if isinstance(value, SecretRef))


def vaults(logins: Logins) -> Iterator[tuple[str, str]]:
    """Yield the address of every secret in a key vault, by the key of its setting."""
    for owner, key, ref in references(logins):
        if ref.key_vault:
            yield f"{owner}.{key}", ref.key_vault


def foreign_vaults(addresses: Iterable[tuple[str, str]], cloud: str) -> Iterator[str]:
    """Yield the problem of each vault of another cloud: the login of the source is worth nothing there."""
    suffix = VAULTS[cloud]
    for setting, address in addresses:
        host = address.removeprefix("https://").partition("/")[0]
        if not host.lower().endswith(suffix):
            yield (
                f"{setting}.key_vault: {host} is of another cloud than source.cloud: {cloud}; "
                f"expected a vault of *{suffix}"
            )
