"""The whole of a generated company, compared with what the sandbox holds."""

from __future__ import annotations

import pytest

from aadsync_lib.entra.source import EntraSource
from aadsync_lib.sandbox import Sandbox, company
from tests.clock import FakeClock
from tests.contract.entra.conftest import StaticCredential, scope_of
from tests.contract.entra.meddling import count

LEFT_OUT = {"device", "orgContact"}


@pytest.mark.parametrize("empty_pages", [0, 3])
def test_a_company_is_read_as_it_is_and_nothing_twice(sandbox: Sandbox, empty_pages: int):
    sandbox.reset(company(300, cycle_in_scope=True))
    entra = sandbox.world.entra
    entra.empty_pages = empty_pages
    reader = EntraSource(
        scope_of([{"prefix": "dbx-"}], groups_of_kind="all"),
        StaticCredential(sandbox.graph_token),
        endpoint=sandbox.graph_url,
        clock=FakeClock(),
    )
    first_pages = count(sandbox, r"/members\?(?!.*skiptoken)")
    snapshot = reader.read()
    assert snapshot.complete
    assert first_pages() == len(snapshot.groups)
    for key, group in snapshot.groups.items():
        held = {m for m in entra.members[key] if entra.kinds[m] not in LEFT_OUT}
        assert group.members == held
        assert group.display_name == entra.objects[key]["displayName"]
    members = {m for group in snapshot.groups.values() for m in group.members}
    assert members - set(snapshot.groups) == {*snapshot.users, *snapshot.service_principals}
    for key, user in snapshot.users.items():
        assert user.user_principal_name == entra.objects[key]["userPrincipalName"]
        assert user.enabled == entra.objects[key]["accountEnabled"]
