"""SCIM discovery: service provider, resource types and schemas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aadsync_lib.sandbox.databricks.errors import not_found
from aadsync_lib.sandbox.databricks.http import ScimResponse
from aadsync_lib.sandbox.databricks.records import JsonObject
from aadsync_lib.sandbox.databricks.render import CORE

LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
NAMES = {"User": "Users", "Group": "Groups", "ServicePrincipal": "ServicePrincipals"}


def attribute(name: str, kind: str = "string", **more: Any) -> JsonObject:
    described: JsonObject = {
        "name": name,
        "type": kind,
        "multiValued": False,
        "description": name,
        "required": False,
        "caseExact": False,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
    }
    return described | more


def plural(name: str, parts: Iterable[JsonObject], **more: Any) -> JsonObject:
    return attribute(name, "complex", multiValued=True, subAttributes=list(parts), **more)


ROLES = plural("roles", [attribute("value")])
ACTIVE = attribute("active", "boolean")
DISPLAY_NAME = attribute("displayName")
USER = [
    attribute("userName", required=True, uniqueness="server", mutability="immutable"),
    DISPLAY_NAME,
    attribute("name", "complex", subAttributes=[attribute("givenName"), attribute("familyName")]),
    plural(
        "emails",
        [attribute("type"), attribute("value"), attribute("primary", "boolean")],
        mutability="readOnly",
    ),
    ACTIVE,
    ROLES,
]
GROUP = [
    attribute("displayName", required=True, uniqueness="server"),
    plural(
        "members",
        [
            attribute("value", mutability="immutable"),
            attribute("display", mutability="readOnly"),
            attribute(
                "$ref",
                "reference",
                mutability="readOnly",
                referenceTypes=["User", "Group", "ServicePrincipal"],
            ),
        ],
    ),
    ROLES,
]
SERVICE_PRINCIPAL = [
    attribute("applicationId", uniqueness="server", mutability="immutable", returned="always"),
    DISPLAY_NAME,
    ACTIVE,
    ROLES,
]

PROVIDER: JsonObject = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    "patch": {"supported": True},
    "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
    "filter": {"supported": True, "maxResults": 100},
    "changePassword": {"supported": False},
    "sort": {"supported": True},
    "etag": {"supported": False},
    "authenticationSchemes": [
        {"type": "oauthbearertoken", "name": "Bearer", "description": "OAuth or SCIM token"}
    ],
}
TYPES: list[JsonObject] = [
    {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": name,
        "name": name,
        "endpoint": f"/{path}",
        "schema": CORE + name,
    }
    for name, path in NAMES.items()
]
SCHEMAS: list[JsonObject] = [
    {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": CORE + name,
        "name": name,
        "description": name,
        "attributes": attributes,
    }
    for name, attributes in (
        ("User", USER),
        ("Group", GROUP),
        ("ServicePrincipal", SERVICE_PRINCIPAL),
    )
]


def discovery_routes(base: str) -> list[Route]:
    return [
        Route(f"{base}/ServiceProviderConfig", _provider),
        Route(f"{base}/ResourceTypes", _listing(TYPES)),
        Route(f"{base}/ResourceTypes/{{id}}", _one(TYPES)),
        Route(f"{base}/Schemas", _listing(SCHEMAS)),
        Route(f"{base}/Schemas/{{id}}", _one(SCHEMAS)),
    ]


async def _provider(_: Request) -> Response:
    return ScimResponse(PROVIDER)


def _listing(items: Sequence[JsonObject]) -> Any:
    body = {
        "schemas": [LIST_SCHEMA],
        "totalResults": len(items),
        "startIndex": 1,
        "itemsPerPage": len(items),
        "Resources": list(items),
    }

    async def answer(_: Request) -> Response:
        return ScimResponse(body)

    return answer


def _one(items: Sequence[JsonObject]) -> Any:
    async def answer(request: Request) -> Response:
        wanted = request.path_params["id"]
        for item in items:
            if item["id"] == wanted:
                return ScimResponse(item)
        return ScimResponse(not_found("Definition", wanted).scim_body(), 404)

    return answer
