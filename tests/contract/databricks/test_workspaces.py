"""Access to workspaces: databricks-sdk's client against the sandbox's account and workspaces."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from databricks.sdk.core import Config

from aadsync_lib.auth.single_attempt import SINGLE_ATTEMPT
from aadsync_lib.config.settings import TargetSettings
from aadsync_lib.databricks.assignments import InBodyError, WorkspacesOfAccount
from aadsync_lib.databricks.errors import Refusal
from aadsync_lib.databricks.workspaces import open_workspaces
from aadsync_lib.errors import CredentialError
from aadsync_lib.model.account import Unread
from aadsync_lib.model.assignment import WorkspaceAccess
from aadsync_lib.model.identity import Kind, Permission
from aadsync_lib.ports import AnswerLost, ChangeRefused
from aadsync_lib.sandbox import Fault, Sandbox, World
from tests.clock import FakeClock
from tests.contract.databricks.conftest import RecordingApi

GROUP, USERS = frozenset({Kind.GROUP}), frozenset({Kind.USER})
ACCESS, SQL = "workspace-access", "databricks-sql-access"
LISTING = "permissionassignments"


class Hub:
    """A federated workspace of the sandbox, one that is not, and what reaches both."""

    def __init__(self, box: Sandbox, pace: float = 1e6, token: str | None = None) -> None:
        self.box, self.clock = box, FakeClock()
        self.state = box.workspaces["hub"].state
        self.id, self.old = (box.workspaces[name].workspace_id for name in ("hub", "sales"))
        self.sent: list[Any] = []
        target = TargetSettings.model_validate(
            {
                "name": "account",
                "host": box.databricks_url,
                "account_id": box.account_id,
                "pace": pace,
                "workspaces": [
                    {"workspace_id": host.workspace_id, "host": host.url, "assign": []}
                    for host in box.workspaces.values()
                ],
            }
        )
        log_in = partial(self._api, token=token)
        self.port: WorkspacesOfAccount = open_workspaces(
            target, self._api(target, box.databricks_token), log_in, self.clock
        )

    def _api(self, target: TargetSettings, token: str | None) -> RecordingApi:
        known = {host.url: host.token for host in self.box.workspaces.values()}
        login = {"host": target.host, "token": token or known[target.host]}
        api = RecordingApi(Config(**SINGLE_ATTEMPT, account_id=target.account_id, **login))
        api.sent = self.sent
        return api

    def principal(self, name: str) -> str:
        account = self.box.world.databricks
        return next(
            row.id
            for row in (*account.groups.values(), *account.users.values())
            if name in (getattr(row, "display_name", None), getattr(row, "user_name", None))
        )

    def read(self, workspace: int | None = None, kinds: frozenset[Kind] = frozenset()) -> Any:
        place = workspace or self.id
        return self.port.read({place: kinds})[place]

    def bodies(self, method: str) -> list[Any]:
        return [each.body for each in self.sent if each.method == method]


def world() -> World:
    created = World()
    account = created.databricks
    account.add_user("ada@contoso.com", "Ada")
    for name in ("Data", "Ops"):
        account.add_group(name)
    created.add_workspace("hub", federated=True)
    created.add_workspace("sales")
    return created


@pytest.fixture
def hub(sandbox: Sandbox) -> Hub:
    sandbox.reset(world())
    return Hub(sandbox)


class TestReading:
    def test_one_list_tells_who_is_assigned(self, hub):
        hub.state.assign("Data", "USER")
        hub.state.assign("ada@contoso.com", "ADMIN")
        before = hub.port.requests
        there = hub.read()
        assert there.permissions[hub.principal("Data")] is Permission.USER
        assert there.permissions[hub.principal("ada@contoso.com")] is Permission.ADMIN
        assert hub.port.requests == before + 1

    def test_one_page_tells_the_entitlements_of_groups_and_which_are_the_workspaces_own(self, hub):
        hub.state.assign("Data", "USER")
        hub.state.entitle("Data", SQL)
        hub.state.add_group("Own")
        there = hub.read(kinds=GROUP)
        assert there.entitlements[hub.principal("Data")] == {SQL}
        assert "own" in there.local
        assert hub.port.requests == 2
        assert hub.port.local_groups([hub.id])[hub.id] == there.local

    def test_entitlements_of_people_are_read_where_they_matter(self, hub):
        hub.state.assign("ada@contoso.com", "USER")
        hub.state.entitle("ada@contoso.com", ACCESS)
        there = hub.read(kinds=USERS)
        assert there.entitlements[hub.principal("ada@contoso.com")] == {ACCESS}

    def test_a_workspace_without_federation_says_what_to_do(self, hub):
        unread = hub.read(hub.old)
        assert isinstance(unread, Unread)
        assert "not available for this workspace" in unread.reason
        assert "level workspace" in unread.reason

    def test_an_unknown_workspace_says_what_to_check(self, hub):
        unread = hub.read(12345)
        assert isinstance(unread, Unread)
        assert "check workspace_id" in unread.reason

    @pytest.mark.parametrize("kind", ["403", "500", "lost", "truncated", "reset"])
    def test_a_list_that_cannot_be_read_is_unread(self, hub, kind):
        hub.box.faults.add(Fault(kind, "databricks", path=LISTING, count=None))
        assert isinstance(hub.read(), Unread)

    def test_a_row_that_does_not_say_whose_it_is_leaves_the_list_unread(self, hub, monkeypatch):
        rows = {"permission_assignments": [{"permissions": ["USER"]}]}
        monkeypatch.setattr(hub.port.account, "list_page", lambda *_: rows)
        assert "does not say whose it is" in hub.read().reason

    def test_a_workspace_that_cannot_be_logged_in_to_still_shows_who_is_assigned(self, hub):
        hub.state.assign("Data", "USER")
        other = Hub(hub.box, token="wrong")
        there = other.read(kinds=GROUP)
        assert there.permissions[hub.principal("Data")] is Permission.USER
        assert isinstance(there.entitlements, Unread)
        assert "admin of the workspace" in there.entitlements.reason

    def test_a_login_that_cannot_even_be_made_is_unread_too(self, hub):
        def fails():
            raise CredentialError("no secret of this name")

        hub.port.open_scim = {hub.id: fails}
        there = hub.read(kinds=GROUP)
        assert isinstance(there, WorkspaceAccess)
        assert "no secret of this name" in there.entitlements.reason
        with pytest.raises(ChangeRefused, match="no secret of this name"):
            hub.port.change_entitlements(hub.id, Kind.GROUP, "1", [SQL], [])

    def test_a_workspace_without_a_host_in_the_settings_has_no_entitlements_to_read(self, hub):
        hub.port.open_scim = {}
        assert "targets[].workspaces" in hub.read(kinds=GROUP).entitlements.reason


class TestAssigning:
    @pytest.mark.parametrize("permission", Permission)
    def test_the_list_of_permissions_is_never_empty(self, hub, permission):
        hub.port.assign(hub.id, hub.principal("Data"), permission)
        assert hub.bodies("PUT") == [{"permissions": [permission.value.upper()]}]
        assert hub.state.assigned()["Data"] == permission.value.upper()

    def test_a_success_that_carries_an_error_is_refused(self, hub):
        hub.state.switches.assignment_errors = 1
        with pytest.raises(InBodyError, match="200, but the answer says: "):
            hub.port.assign(hub.id, hub.principal("Data"), Permission.USER)

    def test_an_unknown_principal_is_refused(self, hub):
        with pytest.raises(ChangeRefused):
            hub.port.assign(hub.id, "999", Permission.USER)

    def test_who_is_not_assigned_is_unassigned_already(self, hub):
        hub.port.unassign(hub.id, hub.principal("Data"))

    def test_one_404_is_no_proof_that_somebody_is_not_assigned(self, hub):
        hub.state.assign("Data", "USER")
        hub.box.faults.add(Fault("404", "databricks", "DELETE", LISTING))
        with pytest.raises(Refusal, match="404"):
            hub.port.unassign(hub.id, hub.principal("Data"))
        hub.box.faults.add(Fault("404", "databricks", "DELETE", LISTING))
        hub.state.unassign("Data")
        hub.port.unassign(hub.id, hub.principal("Data"))

    def test_an_answer_that_never_comes_is_told_from_a_refusal(self, hub):
        hub.box.faults.add(Fault("lost", "databricks", "PUT", LISTING, count=None))
        with pytest.raises(AnswerLost):
            hub.port.assign(hub.id, hub.principal("Data"), Permission.USER)

    def test_no_more_than_five_are_sent_in_a_second(self, hub):
        slow = Hub(hub.box, pace=1.0)
        start = slow.clock.monotonic()
        for _ in range(11):
            slow.port.assign(slow.id, slow.principal("Data"), Permission.USER)
        assert slow.clock.monotonic() - start == pytest.approx(10 / 5 / 0.98)


class TestEntitlements:
    @pytest.fixture(autouse=True)
    def _assigned(self, hub):
        hub.state.assign("Data", "USER")
        hub.state.assign("ada@contoso.com", "USER")

    def test_one_patch_grants_all(self, hub):
        hub.port.change_entitlements(hub.id, Kind.GROUP, hub.principal("Data"), [SQL, ACCESS], [])
        assert set(hub.state.entitlements_of("Data")) == {ACCESS, SQL}
        assert len(hub.bodies("PATCH")) == hub.port.requests == 1

    def test_what_is_revoked_leaves_the_rest(self, hub):
        hub.state.entitle("Data", SQL, ACCESS, "allow-cluster-create")
        hub.port.change_entitlements(hub.id, Kind.GROUP, hub.principal("Data"), [], [SQL, ACCESS])
        assert hub.state.entitlements_of("Data") == ["allow-cluster-create"]

    def test_the_last_one_can_be_revoked(self, hub):
        hub.state.entitle("Data", SQL)
        hub.port.change_entitlements(hub.id, Kind.GROUP, hub.principal("Data"), [], [SQL])
        assert hub.state.entitlements_of("Data") == []

    def test_both_go_in_one_patch(self, hub):
        hub.state.entitle("Data", SQL, "allow-cluster-create")
        hub.port.change_entitlements(hub.id, Kind.GROUP, hub.principal("Data"), [ACCESS], [SQL])
        assert set(hub.state.entitlements_of("Data")) == {ACCESS, "allow-cluster-create"}
        assert len(hub.bodies("PATCH")) == 1

    def test_what_is_gone_already_needs_no_patch(self, hub):
        hub.port.change_entitlements(hub.id, Kind.GROUP, hub.principal("Data"), [], [SQL])
        assert hub.bodies("PATCH") == []

    def test_one_404_revokes_nothing(self, hub):
        hub.state.entitle("Data", SQL, ACCESS)
        hub.box.faults.add(Fault("404", "databricks", "GET", "Groups/"))
        with pytest.raises(Refusal):
            hub.port.change_entitlements(hub.id, Kind.GROUP, hub.principal("Data"), [], [SQL])
        assert set(hub.state.entitlements_of("Data")) == {ACCESS, SQL}

    def test_people_are_entitled_as_people(self, hub):
        ada = hub.principal("ada@contoso.com")
        hub.port.change_entitlements(hub.id, Kind.USER, ada, [SQL], [])
        assert hub.state.entitlements_of("ada@contoso.com") == [SQL]

    def test_ten_are_sent_in_a_minute(self, hub):
        slow = Hub(hub.box, pace=1.0)
        start = slow.clock.monotonic()
        for _ in range(4):
            slow.port.change_entitlements(slow.id, Kind.GROUP, slow.principal("Data"), [SQL], [])
        assert slow.clock.monotonic() - start == pytest.approx(3 * 6 / 0.98)


def test_a_target_that_is_a_workspace_has_entitlements_and_no_assignments(sandbox):
    sandbox.reset(world())
    sales = sandbox.workspaces["sales"]
    group = sales.state.add_group("Own")
    target = TargetSettings.model_validate(
        {"name": "sales", "level": "workspace", "host": sales.url, "pace": 1e6}
    )
    api = RecordingApi(Config(**SINGLE_ATTEMPT, host=sales.url, token=sales.token))
    port = open_workspaces(target, api, lambda _: api, FakeClock())
    port.change_entitlements(None, Kind.GROUP, group.id, [ACCESS], [])
    there = port.read({None: GROUP})[None]
    assert there.entitlements[group.id] == {ACCESS}
    with pytest.raises(ChangeRefused):
        port.assign(1, group.id, Permission.USER)
