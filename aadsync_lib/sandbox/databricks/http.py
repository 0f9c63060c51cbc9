"""Shared parts of all endpoints: JSON in, and refusals as answers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aadsync_lib.sandbox.databricks.errors import ApiError, bad_request
from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.databricks.switches import Switches

Handler = Callable[[Request], Awaitable[Response]]


class ScimResponse(JSONResponse):
    media_type = "application/scim+json"


def guarded(state: DatabricksState, handler: Handler) -> Handler:
    """Answer an ``ApiError`` in the shape this path has."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except ApiError as error:
            return error_response(error, request, state.switches)

    return answer


def error_response(error: ApiError, request: Request, switches: Switches) -> Response:
    shape = switches.error_shape
    if "/scim/v2" not in request.url.path:
        shape = "databricks"
    elif shape == "by_version":
        shape = "databricks" if "/api/2.1/" in request.url.path else "scim"
    if shape == "scim":
        return ScimResponse(error.scim_body(), error.status)
    return JSONResponse(error.databricks_body(), error.status)


def http_error(state: DatabricksState) -> Callable[[Request, Exception], Response]:
    """Give unknown paths and verbs the same shape as other refusals."""

    def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        detail = f"No API found for {request.method} {request.url.path}"
        code = "ENDPOINT_NOT_FOUND" if error.status_code == 404 else None
        return error_response(
            ApiError(error.status_code, detail, code=code), request, state.switches
        )

    return answer


def json_object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError:
        raise bad_request("the request body is not JSON", "invalidSyntax") from None
    if not isinstance(body, dict):
        raise bad_request("the request body is not an object", "invalidSyntax")
    return body


def integer(query: QueryParams, name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise bad_request(f"{name} is not a number: {text!r}", "invalidValue") from None
