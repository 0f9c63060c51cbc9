"""The permissions that a request to Graph needs, the least first."""

from __future__ import annotations

import pytest

from aadsync_lib.connector.permissions import least, missing, needs, permission_for

SP = "/servicePrincipals/1b2c"
JOBS = f"{SP}/synchronization/jobs"


@pytest.mark.parametrize(
    ("method", "url", "expected"),
    [
        ("GET", "/groups?$top=1", ["GroupMember.Read.All"]),
        ("GET", "/groups/1/members/graph.servicePrincipal", ["GroupMember.Read.All"]),
        ("GET", "/groups/delta", ["GroupMember.Read.All"]),
        ("GET", "/users/1", ["User.Read.All"]),
        ("GET", "/directory/deletedItems/microsoft.graph.group", ["Group.Read.All"]),
        ("GET", "/directory/deletedItems/microsoft.graph.user", ["User.Read.All"]),
        ("GET", "/servicePrincipals", ["Application.Read.All"]),
        ("GET", "/servicePrincipals(appId='x')/appRoleAssignedTo", ["Application.Read.All"]),
        ("GET", "/applications", ["Application.Read.All"]),
        ("GET", "/applicationTemplates?$filter=displayName eq 'x'", []),
        ("POST", "/applicationTemplates/9c98/instantiate", ["Application.ReadWrite.OwnedBy"]),
        ("POST", "/applications", ["Application.ReadWrite.OwnedBy"]),
        ("PATCH", "/applications/1", ["Application.ReadWrite.OwnedBy"]),
        ("POST", "/applications(appId='1')/addPassword", ["Application.ReadWrite.OwnedBy"]),
        ("POST", "/servicePrincipals", ["Application.ReadWrite.OwnedBy"]),
        ("DELETE", SP, ["Application.ReadWrite.OwnedBy"]),
        ("GET", JOBS, ["Application.ReadWrite.OwnedBy"]),
        ("POST", f"{JOBS}/dataBricks.1/start", ["Application.ReadWrite.OwnedBy"]),
        ("POST", f"{JOBS}/validateCredentials", ["Application.ReadWrite.OwnedBy"]),
        ("PUT", f"{SP}/synchronization/secrets", ["Application.ReadWrite.OwnedBy"]),
        ("PUT", f"{JOBS}/dataBricks.1/schema", ["Application.ReadWrite.OwnedBy"]),
        ("PATCH", f"{JOBS}/dataBricks.1", ["Synchronization.ReadWrite.All"]),
        (
            "POST",
            f"{SP}/appRoleAssignedTo",
            ["AppRoleAssignment.ReadWrite.All", "Application.Read.All"],
        ),
        (
            "DELETE",
            f"{SP}/appRoleAssignments/x",
            ["AppRoleAssignment.ReadWrite.All", "Application.Read.All"],
        ),
        ("GET", "/auditLogs/provisioning?$filter=jobId eq 'x'", ["ProvisioningLog.Read.All"]),
        ("GET", "/organization", []),
    ],
)
def test_each_request_has_its_least_permissions(method, url, expected):
    assert list(least(method, url)) == expected
    assert list(least(method.lower(), f"https://graph.microsoft.com/v1.0{url}")) == expected


def test_a_wider_permission_is_enough():
    assert missing("GET", JOBS, ["Synchronization.Read.All"]) == ()
    assert missing("POST", JOBS, ["Synchronization.Read.All"]) == ("Application.ReadWrite.OwnedBy",)
    assert missing("POST", f"{SP}/appRoleAssignedTo", ["Application.Read.All"]) == (
        "AppRoleAssignment.ReadWrite.All",
    )
    assert missing("GET", "/auditLogs/provisioning", ["AuditLog.Read.All"]) == ()


def test_every_alternative_is_named_once():
    for method, url in (("GET", JOBS), ("POST", f"{SP}/appRoleAssignedTo"), ("GET", "/groups")):
        for alternatives in needs(method, url):
            assert len(set(alternatives)) == len(alternatives) > 0


class TestWords:
    """What a refusal says to grant."""

    def test_without_the_roles_of_the_token_it_is_the_least(self):
        assert permission_for("GET", "/users") == "User.Read.All"
        assert permission_for("POST", f"{SP}/appRoleAssignedTo") == (
            "AppRoleAssignment.ReadWrite.All and Application.Read.All"
        )

    def test_what_the_token_has_is_not_asked_for_again(self):
        roles = ["Application.Read.All"]
        assert permission_for("POST", f"{SP}/appRoleAssignedTo", roles) == (
            "AppRoleAssignment.ReadWrite.All"
        )

    def test_a_permission_for_own_applications_names_the_wider_one(self):
        assert permission_for("POST", JOBS) == (
            "Application.ReadWrite.OwnedBy (for what this login owns; "
            "Synchronization.ReadWrite.All for the rest)"
        )

    def test_with_that_permission_only_the_owner_is_wrong(self):
        roles = ["Application.ReadWrite.OwnedBy"]
        assert permission_for("POST", JOBS, roles) == "Synchronization.ReadWrite.All"
        assert permission_for("DELETE", SP, roles) == "Application.ReadWrite.All"

    def test_a_request_without_a_documented_permission_has_words_all_the_same(self):
        assert permission_for("GET", "/applicationTemplates") == "a role that allows it"
