"""The token endpoints of one tenant: client credentials over TLS, and a managed identity."""

import time
from urllib.parse import parse_qs
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aadsync_lib.sandbox.entra.issuer import Issuer

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def entra_app(issuer: Issuer) -> Starlette:
    """The authority, to be served over TLS."""

    async def configuration(request: Request) -> Response:
        return _configuration(request, issuer.state.tenant_id)

    async def token(request: Request) -> Response:
        body = parse_qs((await request.body()).decode())
        return _token(issuer, request, {name: values[0] for name, values in body.items()})

    return Starlette(
        routes=[
            Route("/{tenant}/v2.0/.well-known/openid-configuration", configuration),
            Route("/{tenant}/oauth2/v2.0/token", token, methods=["POST"]),
        ]
    )


def identity_route(issuer: Issuer) -> Route:
    """The managed identity endpoint, plain http as on an Azure host."""

    async def token(request: Request) -> Response:
        if request.headers.get("X-IDENTITY-HEADER") != issuer.registration.identity_header:
            return JSONResponse({"statusCode": 401, "message": "wrong X-IDENTITY-HEADER"}, 401)
        resource = request.query_params.get("resource", "")
        return JSONResponse(
            {
                "access_token": issuer.issue(resource),
                "client_id": issuer.registration.client_id,
                "expires_on": str(int(time.time()) + issuer.lifetime),
                "resource": resource,
                "token_type": "Bearer",
            }
        )

    return Route("/msi/token", token)


def _configuration(request: Request, tenant: str) -> Response:
    if request.path_params["tenant"] != tenant:
        return _refusal(400, "invalid_tenant", "AADSTS90002: Tenant not found.")
    root = _root(request)
    return JSONResponse(
        {
            "issuer": f"{root}/v2.0",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "response_types_supported": ["token"],
            "subject_types_supported": ["pairwise"],
        }
    )


def _token(issuer: Issuer, request: Request, body: dict[str, str]) -> Response:
    refusal = _check(issuer, request, body)
    if refusal is not None:
        return refusal
    audience = body["scope"].split()[0].removesuffix("/.default")
    return JSONResponse(
        {
            "token_type": "Bearer",
            "expires_in": issuer.lifetime,
            "ext_expires_in": issuer.lifetime,
            "access_token": issuer.issue(audience, _registered(issuer, body)),
        }
    )


def _registered(issuer: Issuer, body: dict[str, str]) -> str | None:
    """The application of a login that is registered in the tenant, not the sandbox's own."""
    client = body.get("client_id", "")
    own = client == issuer.registration.client_id
    return client if not own and issuer.logins.knows(client) else None


def _check(issuer: Issuer, request: Request, body: dict[str, str]) -> Response | None:
    if request.path_params["tenant"] != issuer.state.tenant_id:
        return _refusal(400, "invalid_tenant", "AADSTS90002: Tenant not found.")
    if body.get("grant_type") != "client_credentials":
        return _refusal(
            400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant."
        )
    registered = _registered(issuer, body)
    if registered is None and body.get("client_id") != issuer.registration.client_id:
        return _refusal(
            400,
            "unauthorized_client",
            "AADSTS700016: Application was not found in the directory 'Contoso'.",
        )
    if not body.get("scope", "").endswith("/.default"):
        return _refusal(400, "invalid_scope", "AADSTS1002012: The scope is not valid.")
    if registered is not None:
        refusal = issuer.logins.refusal(body, f"{_root(request)}/oauth2/v2.0/token")
        return None if refusal is None else _refusal(401, "invalid_client", refusal)
    return _check_credential(issuer, request, body)


def _check_credential(issuer: Issuer, request: Request, body: dict[str, str]) -> Response | None:
    if body.get("client_assertion_type") == ASSERTION:
        endpoint = f"{_root(request)}/oauth2/v2.0/token"
        if issuer.certificate_is_known(body.get("client_assertion", ""), endpoint):
            return None
        return _refusal(
            401,
            "invalid_client",
            "AADSTS700027: The certificate with identifier is not registered.",
        )
    if body.get("client_secret") == issuer.registration.client_secret:
        return None
    return _refusal(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")


def _root(request: Request) -> str:
    return f"https://{request.url.netloc}/{request.path_params['tenant']}"


def _refusal(status: int, error: str, description: str) -> Response:
    return JSONResponse(
        {
            "error": error,
            "error_description": description,
            "error_codes": [int(description.partition(":")[0].removeprefix("AADSTS"))],
            "correlation_id": str(uuid4()),
        },
        status,
    )
