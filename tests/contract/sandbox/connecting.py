"""A connector set up on the sandbox, and what tests do with it."""

from dataclasses import dataclass
from typing import Any

import httpx

from aadsync_lib.sandbox import Sandbox
from aadsync_lib.sandbox.entra.applications.gallery import CONNECTOR, USER_ROLE
from aadsync_lib.sandbox.entra.state import CONNECTOR_PERMISSIONS

SCIM_TOKEN = "sandbox-scim-token"


@dataclass(frozen=True)
class Setup:
    """An instantiated connector, with its job once there is one."""

    box: Sandbox
    graph: httpx.Client
    principal: str
    job: str = ""

    @property
    def root(self) -> str:
        return f"/servicePrincipals/{self.principal}/synchronization"

    @property
    def path(self) -> str:
        return f"{self.root}/jobs/{self.job}"

    @property
    def base(self) -> str:
        return f"{self.box.databricks_url}/api/2.1/accounts/{self.box.account_id}/scim/v2/"

    def secrets(self, **changed: str) -> list[dict[str, str]]:
        values = {"BaseAddress": self.base, "SecretToken": SCIM_TOKEN, "SyncAll": "false"}
        return [{"key": key, "value": value} for key, value in (values | changed).items()]

    def save(self, **changed: str) -> None:
        body = {"value": self.secrets(**changed)}
        self.graph.put(f"{self.root}/secrets", json=body).raise_for_status()

    def assign(self, *principals: str) -> list[str]:
        path = f"/servicePrincipals/{self.principal}/appRoleAssignedTo"
        bodies = [
            {"principalId": who, "resourceId": self.principal, "appRoleId": USER_ROLE}
            for who in principals
        ]
        return [self.graph.post(path, json=b).raise_for_status().json()["id"] for b in bodies]

    def unassign(self, key: str) -> None:
        path = f"/servicePrincipals/{self.principal}/appRoleAssignedTo/{key}"
        self.graph.delete(path).raise_for_status()

    def withdraw(self, principal: str) -> None:
        """Take back the assignment of somebody."""
        path = f"/servicePrincipals/{self.principal}/appRoleAssignedTo"
        rows = self.graph.get(path).raise_for_status().json()["value"]
        self.unassign(next(row["id"] for row in rows if row["principalId"] == principal))

    def post(self, action: str, **body: Any) -> httpx.Response:
        return self.graph.post(f"{self.path}/{action}", json=body)

    def status(self) -> dict[str, Any]:
        return self.read()["status"]

    def read(self) -> dict[str, Any]:
        return self.graph.get(self.path).raise_for_status().json()

    def schema(self) -> dict[str, Any]:
        return self.graph.get(f"{self.path}/schema").raise_for_status().json()

    def log(self, query: str = "") -> list[dict[str, Any]]:
        """Rows of the provisioning log, the newest first."""
        return self.graph.get(f"/auditLogs/provisioning{query}").raise_for_status().json()["value"]

    def change_schema(self, kind: str, **changed: Any) -> None:
        """Change members of the object mapping of ``User`` or ``Group``."""
        schema = self.schema()
        for mapping in schema["synchronizationRules"][0]["objectMappings"]:
            if mapping["sourceObjectName"] == kind:
                mapping.update(changed)
        self.graph.put(f"{self.path}/schema", json=schema).raise_for_status()

    def demand(self, key: str, kind: str = "User", *members: str) -> httpx.Response:
        """Provision somebody on demand; ``members`` of a group are people."""
        subject: dict[str, Any] = {"objectId": key, "objectTypeName": kind}
        if members:
            people = [{"objectId": member, "objectTypeName": "User"} for member in members]
            subject["links"] = {"members": people}
        rule = self.schema()["synchronizationRules"][0]["id"]
        return self.post("provisionOnDemand", parameters=[{"ruleId": rule, "subjects": [subject]}])

    def cycle(self, **options: Any) -> dict[str, Any]:
        """Let a cycle of the job run, and return its status after it."""
        url = f"{self.box.databricks_url}/_sandbox/provisioning"
        httpx.post(url, json={"job": self.job, **options}, verify=False).raise_for_status()
        return self.status()


def instantiated(box: Sandbox, graph: httpx.Client) -> Setup:
    """A connector without a job; its token opens the account."""
    box.world.entra.permissions |= CONNECTOR_PERMISSIONS
    box.world.databricks.add_token(SCIM_TOKEN, scim_only=True)
    path = f"/applicationTemplates/{CONNECTOR}/instantiate"
    pair = graph.post(path, json={"displayName": "connector"}).raise_for_status().json()
    return Setup(box, graph, pair["servicePrincipal"]["id"])


def with_job(setup: Setup) -> Setup:
    made = setup.graph.post(f"{setup.root}/jobs", json={"templateId": "dataBricks"})
    return Setup(setup.box, setup.graph, setup.principal, made.raise_for_status().json()["id"])
