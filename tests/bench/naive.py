"""The client that one would write in an afternoon: create, then one call for each member.

It is given what took work here: its pace, and who is to be created in which order.
"""

from __future__ import annotations

import json
from typing import Any

import requests

from aadsync_lib.apply.pacing import Pacer
from aadsync_lib.clock import SystemClock
from aadsync_lib.model.rates import ACCOUNT_RATES, Verb
from tests.bench.served import Served


class Naive:
    """Sends one request after the other."""

    def __init__(self, sandbox: Served, pace: float) -> None:
        self._scim = sandbox.scim
        self._pacer = Pacer(ACCOUNT_RATES, pace, SystemClock())
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {sandbox.token}"

    def sync(self, world: dict[str, Any]) -> None:
        """Create everybody of a world whose account has nobody yet."""
        ids = {one["id"]: self._create_user(one) for one in world["users"]}
        ids |= {one["id"]: self._create_group(one) for one in world["groups"]}
        for group in world["groups"]:
            for member in group["members"]:
                self._add(ids[group["id"]], ids[member])

    def _create_user(self, user: dict[str, Any]) -> str:
        return self._post(
            "Users", {"userName": user["userPrincipalName"], "externalId": user["id"]}
        )

    def _create_group(self, group: dict[str, Any]) -> str:
        return self._post(
            "Groups", {"displayName": group["displayName"], "externalId": group["id"]}
        )

    def _post(self, resource: str, body: dict[str, Any]) -> str:
        return str(self._send(Verb.WRITE, "POST", resource, body)["id"])

    def _add(self, group: str, member: str) -> None:
        add = {"op": "add", "path": "members", "value": [{"value": member}]}
        schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
        self._send(
            Verb.PATCH, "PATCH", f"Groups/{group}", {"schemas": [schema], "Operations": [add]}
        )

    def _send(self, verb: Verb, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self._pacer.wait(verb)
        answer = self._session.request(method, f"{self._scim}/{path}", json=body, timeout=60)
        answer.raise_for_status()
        return dict(json.loads(answer.content))


def computed(users: int, groups: int, memberships: int) -> float:
    """Return the seconds that such a client takes at the published limits, if it never waits else."""
    return (users + groups) / ACCOUNT_RATES[Verb.WRITE] + memberships / ACCOUNT_RATES[Verb.PATCH]
