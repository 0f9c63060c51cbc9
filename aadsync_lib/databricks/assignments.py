"""Access to the workspaces of an account, and to the workspace that is the target itself.

Assignments go through the account (permissionassignments); entitlements through the SCIM of each workspace
at its own host. Sources: docs.databricks.com/api/account/workspaceassignment, and the workspace SCIM API.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import quote

from aadsync_lib.databricks.client import ScimClient
from aadsync_lib.databricks.entitlements import WorkspaceScim
from aadsync_lib.databricks.errors import LoginFailed, NotSent, Refusal, one_line
from aadsync_lib.errors import AadsyncError
from aadsync_lib.model.account import Unread
from aadsync_lib.model.assignment import AccessShown, WorkspaceAccess, WorkspaceId
from aadsync_lib.model.identity import Kind, Permission
from aadsync_lib.model.rates import Verb
from aadsync_lib.ports import ChangeRefused
from aadsync_lib.responses import JsonObject

WORKERS = 8
NOT_FEDERATED = (
    "it has no identity federation, or no metastore yet, so that nobody of the account can be assigned to "
    "it. Enable identity federation (account console, Workspaces, Configuration), or take it out of "
    "workspaces and make it a target of its own with level workspace"
)
HINTS = {
    400: NOT_FEDERATED,
    401: "Databricks does not accept this login: check the auth of this target",
    403: "the identity that runs the sync must be an account admin",
    404: "check workspace_id and account_id; workspaces are assigned through the accounts console's host",
}
NO_HOST = "the settings do not say where it is: name the workspace in targets[].workspaces again"


class InBodyError(ChangeRefused):
    """Databricks answered 200, and the body says that it failed."""


@dataclass
class WorkspacesOfAccount:
    """Implements ``ports.Assignments``.

    ``account`` is the client below ``/api/2.0/accounts/{id}``, ``None`` for a target that is a workspace;
    ``open_scim`` opens the SCIM of a workspace by its id, once it is needed. ``rates`` are the requests a
    second that this sync may send, by class.
    """

    account: ScimClient | None
    open_scim: Mapping[WorkspaceId, Callable[[], WorkspaceScim]]
    rates: Mapping[Verb, float]
    _opened: dict[WorkspaceId, WorkspaceScim] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _locks: dict[WorkspaceId, threading.Lock] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        with self._lock:
            opened = tuple(self._opened.values())
        sent = self.account.requests if self.account else 0
        return sent + sum(scim.requests for scim in opened)

    def read(self, asked: Mapping[WorkspaceId, Collection[Kind]]) -> AccessShown:
        """Read who is assigned, and the entitlements of principals of these kinds, workspace by workspace."""
        with ThreadPoolExecutor(WORKERS) as pool:
            read = pool.map(lambda item: self._read(*item), asked.items())
            return dict(zip(asked, read, strict=True))

    def local_groups(self, workspace_ids: Iterable[int]) -> Mapping[int, frozenset[str] | Unread]:
        """Return the names of the groups that each workspace has to itself."""
        ids = tuple(workspace_ids)
        with ThreadPoolExecutor(WORKERS) as pool:
            return dict(zip(ids, pool.map(self._local_groups, ids), strict=True))

    def assign(self, workspace_id: int, target_id: str, permission: Permission) -> None:
        """Assign with this permission: an empty list would take everything away, so none is ever sent."""
        path = _principal(workspace_id, target_id)
        answer = self._account().put(path, {"permissions": [permission.value.upper()]})
        _check(f"PUT {path}", answer)

    def unassign(self, workspace_id: int, target_id: str) -> None:
        """Unassign; who is not assigned already counts as unassigned, by the list: one 404 is no proof."""
        path = _principal(workspace_id, target_id)
        try:
            _check(f"DELETE {path}", self._account().delete(path))
        except Refusal as refusal:
            if refusal.status != 404 or target_id in self._permissions(workspace_id):
                raise

    def change_entitlements(
        self,
        workspace_id: WorkspaceId,
        kind: Kind,
        target_id: str,
        grant: Collection[str],
        revoke: Collection[str],
    ) -> None:
        """Grant and revoke in one request; every other entitlement stays."""
        self._scim(workspace_id).change(kind, target_id, grant, revoke)

    def _read(self, workspace_id: WorkspaceId, kinds: Collection[Kind]) -> WorkspaceAccess | Unread:
        try:
            permissions = {} if workspace_id is None else self._permissions(workspace_id)
        except ChangeRefused as failure:
            return Unread(_with_hint(failure))
        if not kinds:
            return WorkspaceAccess(permissions)
        try:
            entitlements, local = self._scim(workspace_id).read(kinds)
        except ChangeRefused as failure:
            return WorkspaceAccess(permissions, Unread(_of_scim(failure)))
        return WorkspaceAccess(permissions, entitlements, local)

    def _permissions(self, workspace_id: int) -> Mapping[str, Permission]:
        path = f"workspaces/{workspace_id}/permissionassignments"
        answer = self._account().list_page(path, {})
        _check(f"GET {path}", answer)
        permissions = {}
        for row in answer.get("permission_assignments") or ():
            _check(f"GET {path}", row)
            principal = (row.get("principal") or {}).get("principal_id")
            if not principal:
                raise ChangeRefused(f"GET {path}: a row does not say whose it is")
            if permission := _permission(row):
                permissions[str(principal)] = permission
        return permissions

    def _local_groups(self, workspace_id: int) -> frozenset[str] | Unread:
        try:
            return self._scim(workspace_id).read((Kind.GROUP,))[1]
        except ChangeRefused as failure:
            return Unread(_of_scim(failure))

    def _account(self) -> ScimClient:
        if self.account is None:
            raise ChangeRefused("a target of level workspace has no assignments")
        return self.account

    def _scim(self, workspace_id: WorkspaceId) -> WorkspaceScim:
        """Return the SCIM of a workspace, logged in to once; others do not wait for that."""
        with self._lock:
            lock = self._locks.setdefault(workspace_id, threading.Lock())
        with lock:
            if workspace_id not in self._opened:
                if workspace_id not in self.open_scim:
                    raise NotSent(NO_HOST)
                try:
                    scim = self.open_scim[workspace_id]()
                except AadsyncError as error:
                    raise LoginFailed(one_line(str(error))) from error
                with self._lock:
                    self._opened[workspace_id] = scim
            return self._opened[workspace_id]


def _principal(workspace_id: int, target_id: str) -> str:
    principal = quote(target_id, safe="")
    return f"workspaces/{workspace_id}/permissionassignments/principals/{principal}"


def _permission(row: JsonObject) -> Permission | None:
    permissions = row.get("permissions") or ()
    if "ADMIN" in permissions:
        return Permission.ADMIN
    return Permission.USER if "USER" in permissions else None


def _check(request: str, answer: JsonObject) -> None:
    """Raise for an answer that is an error in spite of its 200: databricks-sdk does not."""
    if error := answer.get("error"):
        raise InBodyError(f"{request}: 200, but the answer says: {one_line(str(error))}")


def _with_hint(failure: ChangeRefused) -> str:
    hint = HINTS.get(failure.status) if isinstance(failure, Refusal) else None
    return f"{failure}; {hint}" if hint else str(failure)


def _of_scim(failure: ChangeRefused) -> str:
    if isinstance(failure, LoginFailed):
        return f"{failure}; the login of the target has to work at the workspace's own host, too"
    if isinstance(failure, Refusal) and failure.status in (401, 403):
        return f"{failure}; the identity that runs the sync must be an admin of the workspace"
    return str(failure)
