"""One change on a target."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from aadsync_lib.model.identity import Attributes, Kind, Permission


class Action(StrEnum):
    """What a change does, in the order in which a plan lists it."""

    ADOPT_USER = "adopt_user"
    ADOPT_SERVICE_PRINCIPAL = "adopt_service_principal"
    ADOPT_GROUP = "adopt_group"
    CREATE_USER = "create_user"
    CREATE_SERVICE_PRINCIPAL = "create_service_principal"
    ACTIVATE_USER = "activate_user"
    ACTIVATE_SERVICE_PRINCIPAL = "activate_service_principal"
    UPDATE_USER = "update_user"
    UPDATE_SERVICE_PRINCIPAL = "update_service_principal"
    RENAME_GROUP = "rename_group"
    CREATE_GROUP = "create_group"
    ADD_MEMBERS = "add_members"
    ASSIGN_WORKSPACE = "assign_workspace"
    GRANT_ENTITLEMENTS = "grant_entitlements"
    REMOVE_MEMBERS = "remove_members"
    REVOKE_ENTITLEMENTS = "revoke_entitlements"
    UNASSIGN_WORKSPACE = "unassign_workspace"
    DEACTIVATE_USER = "deactivate_user"
    DEACTIVATE_SERVICE_PRINCIPAL = "deactivate_service_principal"
    RELEASE_USER = "release_user"
    RELEASE_SERVICE_PRINCIPAL = "release_service_principal"
    RELEASE_GROUP = "release_group"
    DELETE_USER = "delete_user"
    DELETE_SERVICE_PRINCIPAL = "delete_service_principal"
    DELETE_GROUP = "delete_group"
    # Of Entra's gallery connector; no sync plans them.
    STOP = "stop"
    CREATE_APPLICATION = "create_application"
    UPDATE_APPLICATION = "update_application"
    CREATE_JOB = "create_job"
    SET_CREDENTIALS = "set_credentials"
    SET_SETTINGS = "set_settings"
    SET_MAPPING = "set_mapping"
    SET_FILTER = "set_filter"
    ASSIGN = "assign"
    UNASSIGN = "unassign"
    START = "start"
    RESTART = "restart"
    PROVISION = "provision"
    DELETE_JOB = "delete_job"
    DELETE_APPLICATION = "delete_application"

    @staticmethod
    @cache
    def on(verb: str, kind: Kind) -> Action:
        """Return the action of this verb on this kind: ``on("create", Kind.USER)``."""
        return Action(f"{verb}_{kind}")

    @property
    def verb(self) -> str:
        """The first word: create, update, activate, deactivate, delete, rename, adopt, release, add, remove, assign, ..."""
        return self.partition("_")[0]

    @property
    def kind(self) -> Kind:
        """The kind of object that is changed; a change of members changes a group.

        A change of access says itself whose it is (``Change.kind``): a group's, as a rule. One of a
        connector changes an enterprise application, which is a service principal.
        """
        if self in CONNECTOR:
            return Kind.SERVICE_PRINCIPAL
        rest = self.partition("_")[2]
        return Kind.GROUP if rest in ("members", "workspace", "entitlements") else Kind(rest)


MEMBERS = (Action.ADD_MEMBERS, Action.REMOVE_MEMBERS)
ENTITLEMENTS = (Action.GRANT_ENTITLEMENTS, Action.REVOKE_ENTITLEMENTS)
ACCESS = frozenset({Action.ASSIGN_WORKSPACE, Action.UNASSIGN_WORKSPACE, *ENTITLEMENTS})
CONNECTOR = frozenset(tuple(Action)[tuple(Action).index(Action.STOP) :])
MADE = frozenset(
    {
        Action.CREATE_APPLICATION,
        Action.CREATE_JOB,
        Action.SET_CREDENTIALS,
        Action.ASSIGN,
        Action.UNASSIGN,
        Action.DELETE_JOB,
        Action.DELETE_APPLICATION,
    }
)  # of a connector: they tell what is a setup's to take back
ORDER = {action: index for index, action in enumerate(Action)}

DEPROVISIONS = frozenset(
    {
        Action.DEACTIVATE_USER,
        Action.DEACTIVATE_SERVICE_PRINCIPAL,
        Action.DELETE_USER,
        Action.DELETE_SERVICE_PRINCIPAL,
    }
)
REMOVING = DEPROVISIONS | {
    Action.REMOVE_MEMBERS,
    Action.REVOKE_ENTITLEMENTS,
    Action.UNASSIGN_WORKSPACE,
    Action.DELETE_GROUP,
}  # takes access away


@dataclass(frozen=True, slots=True)
class MemberRef:
    """A member of a group; ``target_id`` is ``None`` while this plan still has to create it.

    ``external_id`` is ``None`` for a member that Entra does not know.
    """

    external_id: str | None
    target_id: str | None
    name: str
    type: Kind


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a plan.

    ``before`` and ``after`` hold only the attributes that the change touches. ``members`` are those
    added or removed, or were in a group that is deleted. A group that is created has its first members
    in an ``add_members`` of its own; the executor sends both in one request. ``drift``: it mends a
    difference that nobody made in Entra. ``verify``: an earlier run did the same, so that the target is
    read after the write. ``principal`` is whose access to a workspace changes; ``before`` and ``after`` then
    are the permission, or the entitlements that are revoked and granted. Of a connector, ``external_id`` is
    the application or who is assigned, and ``before`` and ``after`` are settings.
    """

    action: Action
    external_id: str | None
    target_id: str | None
    name: str
    reason: str
    before: Attributes | None = None
    after: Attributes | None = None
    members: tuple[MemberRef, ...] = ()
    drift: bool = False
    verify: bool = field(default=False, compare=False)
    principal: Kind | None = None

    @property
    def kind(self) -> Kind:
        """The kind of object that is changed."""
        return self.principal or self.action.kind

    @property
    def workspace_id(self) -> int | None:
        """The workspace of the account that access is to; ``None`` in a target that is one."""
        values = self.after or self.before
        return values.workspace_id if values else None

    @property
    def takes_access(self) -> bool:
        """Whether access to a workspace is taken back, or an admin of it becomes a user."""
        if self.action is Action.ASSIGN_WORKSPACE:
            return bool(self.before and self.before.permission is Permission.ADMIN)
        return self.action in (Action.REVOKE_ENTITLEMENTS, Action.UNASSIGN_WORKSPACE)
