"""The whole of ``aadsync.yml``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from aadsync_lib.config.auth import DefaultAuth, SourceAuth, TargetAuth
from aadsync_lib.config.base import Guid, Pace, Section, Text, UnshownError, Url, WorkspaceId
from aadsync_lib.config.connector import ConnectorSettings
from aadsync_lib.config.hosts import console_of, not_of_workspace
from aadsync_lib.config.overrides import covering, laid_over, policy_over, without_groups
from aadsync_lib.config.policy import Capacity, Limits, Policy
from aadsync_lib.config.references import foreign_vaults, vaults
from aadsync_lib.config.scope import MappingSettings, Scope
from aadsync_lib.config.store import StoreSettings

Entitlement = Literal[
    "workspace-access", "databricks-sql-access", "workspace-consume", "allow-cluster-create",
    "allow-instance-pool-create",
]  # fmt: skip

PORTS = {"https": 443, "http": 80}


class SourceSettings(Section):
    """The Entra tenant to read."""

    tenant_id: Guid = Field(description="the tenant to read")
    cloud: Literal["public", "usgov", "usgov-dod", "china"] = Field(
        "public", description="the Microsoft cloud that the tenant is in"
    )
    endpoint: Url | None = Field(
        None, description="Graph root in place of the cloud's own: https, or http on this machine"
    )
    auth: SourceAuth = Field(description="how to log in to Entra")


class Assignment(Section):
    """Groups, by pattern of their name, that get into a workspace."""

    groups: Annotated[tuple[Text, ...], Field(min_length=1)]
    permission: Literal["user", "admin"] = "user"
    entitlements: tuple[Entitlement, ...] = ()


class WorkspaceAssignments(Section):
    """A workspace of the account that groups are assigned to."""

    workspace_id: WorkspaceId
    host: Url
    assign: tuple[Assignment, ...] = ()

    @field_validator("host")
    @classmethod
    def _of_the_workspace(cls, value: str, info: ValidationInfo) -> str:
        known = info.data.get("workspace_id")
        if known and (problem := not_of_workspace(value, known)):
            raise UnshownError(problem)
        return value


class Entitled(Section):
    """Groups, by pattern of their name, with what they may do in the workspace that is the target."""

    groups: Annotated[tuple[Text, ...], Field(min_length=1)]
    entitlements: Annotated[tuple[Entitlement, ...], Field(min_length=1)]


class TargetSettings(Section):
    """A Databricks account or workspace to write."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")] = Field(
        description="what plans, reports and the store call it"
    )
    level: Literal["account", "workspace"] = Field(
        "account", description="a whole account, or one workspace without identity federation"
    )
    host: Url = Field(description="the accounts console, or the workspace")
    account_id: Guid | None = Field(
        None, validate_default=True, description="from the accounts console, top right"
    )
    auth: TargetAuth = Field(DefaultAuth(), description="how to log in to Databricks")
    pace: Pace = Field(
        1.0, description="share of Databricks' rate limits to use; 0.5 leaves half to other tools"
    )
    capacity: Capacity = Capacity()
    scope: Scope = Field(Scope(), description="keys of scope that are others for this target")
    mapping: MappingSettings = Field(
        MappingSettings(), description="keys of mapping that are others for this target"
    )
    policy: Policy = Field(
        Policy(),
        description="keys of policy that are others for this target: limits one by one; protected "
        "comes on top",
    )
    workspaces: tuple[WorkspaceAssignments, ...] = Field(
        (), description="workspaces to assign groups of the account to; level account only"
    )
    entitlements: tuple[Entitled, ...] | None = Field(
        None,
        description="what groups that this sync manages may do; level workspace only, null: as it is",
    )
    connector: ConnectorSettings | None = Field(
        None, description="Entra's gallery connector of this target; a sync does not look at it"
    )

    @property
    def place(self) -> str:
        """What is written, whatever a sync calls it: console and account id, or the host of a workspace.

        An account is the same place through one of its workspaces.
        """
        address = urlsplit(self.host.lower())
        port = "" if address.port in (None, PORTS.get(address.scheme)) else f":{address.port}"
        name = (address.hostname or "").rstrip(".")
        name = console_of(name) if self.level == "account" else name
        host = f"{name}{port}{address.path.rstrip('/')}"
        account = self.account_id if self.level == "account" else None
        return f"{host}/{account.lower()}" if account else host

    @field_validator("account_id")
    @classmethod
    def _account_has_an_id(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("level") == "account":
            raise UnshownError("is required for level account")
        return value

    @field_validator("workspaces")
    @classmethod
    def _each_workspace_once(
        cls, value: tuple[WorkspaceAssignments, ...]
    ) -> tuple[WorkspaceAssignments, ...]:
        for workspace_id in _twice(str(workspace.workspace_id) for workspace in value):
            raise ValueError(f"names workspace {workspace_id} twice")
        for host in _twice(workspace.host for workspace in value):
            raise ValueError(f"has {host} twice; each workspace has an address of its own")
        return value

    @field_validator("workspaces")
    @classmethod
    def _of_an_account(
        cls, value: tuple[WorkspaceAssignments, ...], info: ValidationInfo
    ) -> tuple[WorkspaceAssignments, ...]:
        if value and info.data.get("level") == "workspace":
            raise ValueError("is for level account only; at level workspace name entitlements")
        return value

    @field_validator("entitlements")
    @classmethod
    def _of_a_workspace(
        cls, value: tuple[Entitled, ...] | None, info: ValidationInfo
    ) -> tuple[Entitled, ...] | None:
        if value is not None and info.data.get("level") == "account":
            raise ValueError(
                "is for level workspace only; at level account name workspaces[].assign"
            )
        return value


class Settings(Section):
    """One sync."""

    version: Literal[1] = Field(1, description="of this file's format")
    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = Field(
        description="owner of everything the sync manages; do not change it later"
    )
    source: SourceSettings
    scope: Scope = Scope()
    mapping: MappingSettings = MappingSettings()
    targets: Annotated[tuple[TargetSettings, ...], Field(min_length=1)]
    policy: Policy = Policy()
    store: StoreSettings = StoreSettings()
    _folder: Path = PrivateAttr(default_factory=Path)
    _file: str = PrivateAttr(default="")

    @property
    def folder(self) -> Path:
        """Where relative paths of the settings begin: the folder of their file, else the current one.

        It is no setting: the same file elsewhere has the same digest.
        """
        return self._folder

    @property
    def file(self) -> str:
        """What the settings were read from, as it was named; no setting, either."""
        return self._file

    def read_from(self, file: str) -> Settings:
        """Return the same settings, read from there."""
        settings = self.model_copy()
        settings._file = file  # noqa: SLF001 - of its own class
        return settings

    def found_in(self, folder: Path) -> Settings:
        """Return the same settings, read from a file in this folder."""
        settings = self.model_copy()
        settings._folder = folder.absolute()  # noqa: SLF001 - of its own class
        return settings

    def for_target(self, name: str) -> Settings:
        """Return the settings of one target: its own scope, mapping and policy over those of the sync."""
        target = next(target for target in self.targets if target.name == name)
        own = {
            "targets": (target,),
            "scope": laid_over(self.scope, target.scope),
            "mapping": laid_over(self.mapping, target.mapping),
            "policy": policy_over(self.policy, target.policy),
        }
        return self.model_copy(update=own)

    def each(self) -> tuple[Settings, ...]:
        """Return the settings of every target."""
        return tuple(self.for_target(target.name) for target in self.targets)

    def limits(self) -> Mapping[str, Limits]:
        """Return the limits of every target, by its name."""
        return {own.targets[0].name: own.policy.limits for own in self.each()}

    def whole_scope(self, targets: Collection[str] | None = None) -> Scope:
        """Return the scope that covers those of all targets, or of these: what is read of Entra, once."""
        return covering([own.scope for own in self._among(targets)])

    def logins(self) -> tuple[tuple[str, Section], ...]:
        """Return how to log in to the source and to each target, by the keys of the file."""
        targets = ((f"targets.{target.name}.auth", target.auth) for target in self.targets)
        return (("source.auth", self.source.auth), *targets)

    def connectors(self) -> tuple[tuple[str, Section], ...]:
        """Return the connectors that the targets have, by the keys of the file."""
        each = ((f"targets.{target.name}.connector", target.connector) for target in self.targets)
        return tuple((key, connector) for key, connector in each if connector)

    def attributes(self, targets: Collection[str] | None = None) -> tuple[str, ...]:
        """Return the properties of people that the mapping of any of these targets names."""
        names = (name for own in self._among(targets) for name in own.mapping.attributes)
        return tuple(dict.fromkeys(names))

    def _among(self, targets: Collection[str] | None) -> Iterator[Settings]:
        return (own for own in self.each() if targets is None or own.targets[0].name in targets)

    @field_validator("version", mode="before")
    @classmethod
    def _a_number(cls, value: Any) -> Any:
        if isinstance(value, bool):  # to Python, true is 1
            raise ValueError("expected 1")  # noqa: TRY004 - pydantic's way to refuse a value
        return value

    @field_validator("targets")
    @classmethod
    def _each_target_once(cls, value: tuple[TargetSettings, ...]) -> tuple[TargetSettings, ...]:
        for name in _twice(target.name for target in value):
            raise ValueError(f"has {name} twice; each target needs a name of its own")
        for place in _twice(target.place for target in value):
            raise ValueError(f"has {place} twice; two targets of one run may not be the same place")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Settings:
        own = [target.scope.groups for target in self.targets]
        problems = (
            *without_groups(self.scope.groups, own),
            *foreign_vaults(vaults((*self.logins(), *self.connectors())), self.source.cloud),
        )
        if problems:
            raise ValueError("\n".join(problems))
        return self


def _twice(values: Iterable[str]) -> list[str]:
    """The values that occur more than once."""
    return [value for value, count in Counter(values).items() if count > 1]
