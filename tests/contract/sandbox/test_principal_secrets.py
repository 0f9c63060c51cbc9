"""The listing of a service principal's OAuth secrets, by the real SDK, at the account and at a workspace."""

import time
from datetime import datetime

import pytest
from databricks.sdk.errors import NotFound, PermissionDenied

from aadsync_lib.sandbox import Sandbox
from tests.contract.sandbox.workspaces import (
    ADA,
    EVE,
    account_client,
    workspace_client,
    world_with_workspaces,
)

DAY = 86_400


@pytest.fixture(scope="module")
def box():
    world = world_with_workspaces()
    for name, permission in ((ADA, "ADMIN"), (EVE, "USER")):
        world.workspace("hub").assign(name, permission)
        world.workspace("hub").add_token(name.partition("@")[0], name)
    with Sandbox(world) as running:
        running.workspaces["hub"].state.assign(running.client_id)
        yield running


@pytest.fixture
def principal(box):
    (own,) = box.world.databricks.service_principals.named(box.client_id)
    return own.id


def test_the_account_shows_all_of_them_on_several_pages_and_no_value(box, principal):
    ends = (1_900_000_000.0, None, 1_800_000_000.0)
    box.world.databricks.secret_ends[box.client_id] = ends
    rows = list(account_client(box).service_principal_secrets.list(principal))
    shown = [
        row.expire_time and datetime.fromisoformat(row.expire_time).timestamp() for row in rows
    ]
    assert shown == list(ends)
    assert all(box.client_secret not in str(row.as_dict()) for row in rows)
    del box.world.databricks.secret_ends[box.client_id]


def test_one_that_nobody_gave_an_end_lasts_two_years(box, principal):
    (row,) = account_client(box).service_principal_secrets.list(principal)
    left = datetime.fromisoformat(row.expire_time).timestamp() - time.time()
    assert 729 * DAY < left <= 730 * DAY


def test_at_a_workspace_its_admins_see_those_of_its_principals(box, principal):
    listed = workspace_client(box, "hub", token="ada").service_principal_secrets_proxy
    assert len(list(listed.list(principal))) == 1
    with pytest.raises(NotFound):
        list(listed.list("1"))
    with pytest.raises(PermissionDenied):
        list(
            workspace_client(box, "hub", token="eve").service_principal_secrets_proxy.list(
                principal
            )
        )


def test_who_is_no_service_principal_has_none(box: Sandbox):
    with pytest.raises(NotFound):
        list(account_client(box).service_principal_secrets.list(box.world.databricks.user(ADA).id))
