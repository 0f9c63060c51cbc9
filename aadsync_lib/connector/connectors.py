"""The connectors of a sync, with all that it takes to read and change them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from aadsync_lib.config.connector import ConnectorSettings
from aadsync_lib.config.hosts import console_of
from aadsync_lib.config.scope import GroupSelector
from aadsync_lib.config.settings import Settings, TargetSettings
from aadsync_lib.connector.clouds import check_cloud
from aadsync_lib.connector.entra import Entra
from aadsync_lib.errors import AadsyncError, UsageError
from aadsync_lib.model.connector import Principals, journal_name, tag_of
from aadsync_lib.own_words import joined, own
from aadsync_lib.ports import Clock, HistoryReader, Store
from aadsync_lib.secrets import Secret


class PrincipalFinder(Protocol):
    """Entra, as far as it knows groups and people by what the settings call them."""

    def find(
        self,
        groups: Collection[GroupSelector],
        users: Collection[str],
        known: Collection[str] = (),
    ) -> Principals:
        """Return the groups and people; who is ``known``, by id, is looked for where a list lacks them.

        Raises ``SourceError`` for a name that is nobody's, or several's.
        """


@dataclass(frozen=True, slots=True)
class Connector:
    """The connector of one target. ``token`` looks its secret up."""

    target: str
    tag: str
    settings: ConnectorSettings
    base_address: str
    token: Callable[[], Secret]

    @property
    def journal(self) -> str:
        """What store and history call it."""
        return journal_name(self.target)


@dataclass(frozen=True)
class Connectors:
    """The connectors that a command is about. ``store`` is there for commands that write."""

    sync: str
    each: tuple[Connector, ...]
    entra: Entra
    principals: PrincipalFinder
    reader: HistoryReader
    clock: Clock
    store: Store | None = None
    cloud: str = "public"
    settings_digest: str = ""

    @property
    def writable(self) -> Store:
        """The store of a command that writes."""
        assert self.store is not None
        return self.store


def chosen(settings: Settings, only: str | None) -> tuple[TargetSettings, ...]:
    """Return the targets with a connector, or ``only`` that one. Raises ``UsageError``."""
    targets = tuple(target for target in settings.targets if only in (None, target.name))
    if not targets:
        names = ", ".join(target.name for target in settings.targets)
        raise UsageError(
            joined(own("--target"), f" {only}: no such target; the settings have {names}")
        )
    with_one = tuple(target for target in targets if target.connector)
    if not with_one and only:
        raise UsageError(
            joined(own("--target"), f" {only}: this target has no connector in the settings")
        )
    if not with_one:
        raise AadsyncError(
            "The settings have no connector: name one below a target, as targets[].connector. "
            "Nothing was read or changed."
        )
    check_cloud(settings.source.cloud)
    return with_one


def connector_of(
    sync: str, target: TargetSettings, resolve: Callable[[TargetSettings], Secret]
) -> Connector:
    """Return the connector of a target that has one."""
    assert target.connector
    return Connector(
        target.name,
        tag_of(sync, target.name),
        target.connector,
        target.connector.base_address or scim_root(target),
        lambda: resolve(target),
    )


def scim_root(target: TargetSettings) -> str:
    """Return where Databricks takes SCIM for an account or a workspace (its "tenant URL")."""
    if target.level == "workspace":
        return f"{target.host}/api/2.0/preview/scim/v2"
    address = urlsplit(target.host)
    host = address.hostname or ""
    console = target.host.replace(host, console_of(host), 1)
    return f"{console}/api/2.1/accounts/{target.account_id}/scim/v2/"
