"""Error bodies as each side words them."""

from __future__ import annotations

from typing import Any

GRAPH_CODES = {
    400: "Request_BadRequest",
    401: "InvalidAuthenticationToken",
    403: "Authorization_RequestDenied",
    404: "Request_ResourceNotFound",
    409: "Request_Conflict",
    410: "syncStateNotFound",
    412: "Request_PreconditionFailed",
    413: "Request_EntityTooLarge",
    429: "TooManyRequests",
    500: "Service_InternalServerError",
    502: "BadGateway",
    503: "ServiceNotAvailable",
    504: "GatewayTimeout",
}
DATABRICKS_CODES = {
    400: "INVALID_PARAMETER_VALUE",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    409: "ABORTED",
    413: "REQUEST_TOO_LARGE",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
TAKING_TOO_LONG = (
    "The service at {path} is taking too long to process your request. "
    "Please try again later or try a faster operation."
)


def error_body(side: str, status: int, path: str) -> dict[str, Any]:
    message = f"Injected fault: the request was answered with {status}."
    if side == "graph":
        return {"error": {"code": GRAPH_CODES[status], "message": message}}
    if side == "entra":
        return {"error": "temporarily_unavailable", "error_description": message}
    if status == 504:
        message = TAKING_TOO_LONG.format(path=path)
    return {"error_code": DATABRICKS_CODES.get(status, "UNKNOWN"), "message": message}
