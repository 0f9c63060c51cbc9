"""Refusals, in the two shapes Databricks answers them."""

from __future__ import annotations

from aadsync_lib.sandbox.databricks.records import JsonObject

ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"

CODES = {
    400: "INVALID_PARAMETER_VALUE",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    405: "METHOD_NOT_ALLOWED",
    409: "RESOURCE_CONFLICT",
    413: "REQUEST_TOO_LARGE",
    500: "INTERNAL_ERROR",
}


class ApiError(Exception):
    """A request the account refuses."""

    def __init__(
        self, status: int, detail: str, scim_type: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.scim_type = scim_type
        self.code = code or CODES.get(status, "INTERNAL_ERROR")

    def scim_body(self) -> JsonObject:
        body = {"schemas": [ERROR_SCHEMA], "status": str(self.status), "detail": self.detail}
        return body | ({"scimType": self.scim_type} if self.scim_type else {})

    def databricks_body(self) -> JsonObject:
        return {"error_code": self.code, "message": self.detail}


def bad_request(detail: str, scim_type: str | None = None) -> ApiError:
    return ApiError(400, detail, scim_type)


def not_found(what: str, record_id: str) -> ApiError:
    return ApiError(404, f"{what} with id {record_id} not found.")
