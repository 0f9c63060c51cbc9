"""Credentials of applications: passwords, certificates, and trust in tokens of other issuers."""

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from secrets import token_urlsafe
from typing import Any
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from aadsync_lib.certificates import validity
from aadsync_lib.sandbox.entra.applications.making import application_of
from aadsync_lib.sandbox.entra.calls import (
    DONE,
    Reply,
    Routes,
    get_object,
    own,
    require,
    require_any,
)
from aadsync_lib.sandbox.entra.errors import GraphError, not_found
from aadsync_lib.sandbox.entra.kinds import APPLICATION, JsonObject
from aadsync_lib.sandbox.entra.paging import GraphRequest

MAKERS = frozenset({"Application.ReadWrite.OwnedBy", "Application.ReadWrite.All"})
MOST_FEDERATED = 20
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,119}")
LIFE = timedelta(days=730)
FORM = "%Y-%m-%dT%H:%M:%SZ"


def add_routes(routes: Routes) -> None:
    for path in ("/applications/{id}", "/applications(appId='{app_id}')"):
        routes.post(f"{path}/addPassword", _add_password)
        routes.post(f"{path}/removePassword", _remove_password)
        routes.get(f"{path}/federatedIdentityCredentials", _list)
        routes.post(f"{path}/federatedIdentityCredentials", _add_federated)
        routes.delete(f"{path}/federatedIdentityCredentials/{{credential}}", _remove_federated)


def _application(call: GraphRequest) -> JsonObject:
    params = call.request.path_params
    key = params.get("id") or application_of(call.state, params["app_id"]) or params["app_id"]
    return get_object(call, APPLICATION, key)


def _owned(call: GraphRequest) -> JsonObject:
    require_any(call, MAKERS)
    item = _application(call)
    own(call, item["id"])
    return item


def _add_password(call: GraphRequest) -> Reply:
    """The answer alone shows the secret."""
    item = _owned(call)
    asked = call.body.get("passwordCredential") or {}
    begins = asked.get("startDateTime") or call.state.now()
    ends = asked.get("endDateTime") or (_moment(begins) + LIFE).strftime(FORM)
    if _moment(ends) <= _moment(begins):
        raise _refused("Credential end date must be after its start date.")
    key = str(uuid4())
    secret = f"{token_urlsafe(3)[:3]}8Q~{token_urlsafe(25)}"
    entry = {
        "customKeyIdentifier": None,
        "displayName": asked.get("displayName"),
        "endDateTime": ends,
        "hint": secret[:3],
        "keyId": key,
        "secretText": None,
        "startDateTime": begins,
    }
    call.state.update(item["id"], passwordCredentials=[*item["passwordCredentials"], entry])
    call.state.applications.secrets[key] = secret
    context = f"{call.root}/$metadata#microsoft.graph.passwordCredential"
    return Reply(200, {"@odata.context": context, **entry, "secretText": secret})


def _remove_password(call: GraphRequest) -> Reply:
    item, key = _owned(call), call.body.get("keyId")
    rest = [entry for entry in item["passwordCredentials"] if entry["keyId"] != key]
    if len(rest) == len(item["passwordCredentials"]):
        raise _refused(f"No password credential found with keyId '{key}'.")
    call.state.update(item["id"], passwordCredentials=rest)
    call.state.applications.secrets.pop(str(key), None)
    return DONE


def with_keys(call: GraphRequest, item: JsonObject, properties: JsonObject) -> JsonObject:
    """Complete the certificates of a change: they replace all there were.

    One without its key has to be there already, and stays as it is.
    """
    if "keyCredentials" not in properties:
        return properties
    known = {entry["keyId"]: entry for entry in item.get("keyCredentials") or ()}
    keys = [_key(call, entry, known) for entry in properties["keyCredentials"] or ()]
    return {**properties, "keyCredentials": keys}


def _key(call: GraphRequest, entry: JsonObject, known: dict[str, JsonObject]) -> JsonObject:
    key_id = entry.get("keyId") or str(uuid4())
    if not entry.get("key"):
        if key_id not in known:
            raise _refused("New key credentials must have the property 'key' set.")
        return known[key_id]
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(entry["key"]))
    except (ValueError, binascii.Error):
        raise _refused("Key credential must have a valid certificate as key.") from None
    if entry.get("type") != "AsymmetricX509Cert" or entry.get("usage") != "Verify":
        raise _refused("Key credential type and usage do not fit.")
    begins, ends = validity(certificate)
    if entry.get("endDateTime") and _moment(entry["endDateTime"]) > ends:
        raise _refused("Key credential end date is invalid: it is after the certificate's.")
    thumbprint = sha1(certificate.public_bytes(Encoding.DER)).digest()  # noqa: S324 - as Entra shows it
    call.state.applications.certificates[key_id] = certificate.public_bytes(Encoding.PEM).decode()
    return {
        "customKeyIdentifier": base64.b64encode(thumbprint).decode(),
        "displayName": entry.get("displayName"),
        "endDateTime": entry.get("endDateTime") or ends.strftime(FORM),
        "key": None,
        "keyId": key_id,
        "startDateTime": entry.get("startDateTime") or begins.strftime(FORM),
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    }


def _list(call: GraphRequest) -> JsonObject:
    require(call, APPLICATION)
    item = _application(call)
    context = f"{call.root}/$metadata#applications('{item['id']}')/federatedIdentityCredentials"
    return {"@odata.context": context, "value": federated(call.state, item["id"])}


def _add_federated(call: GraphRequest) -> Reply:
    item, body = _owned(call), call.body
    there = federated(call.state, item["id"])
    _check_federated(body, there)
    entry = {
        name: body.get(name) for name in ("name", "issuer", "subject", "audiences", "description")
    }
    entry["id"] = str(uuid4())
    call.state.applications.federated[item["id"]] = [*there, entry]
    return Reply(
        201,
        {"@odata.context": f"{call.root}/$metadata#federatedIdentityCredentials/$entity", **entry},
    )


def _check_federated(body: JsonObject, there: list[JsonObject]) -> None:
    if not isinstance(body.get("name"), str) or NAME.fullmatch(body["name"]) is None:
        raise _refused("FederatedIdentityCredential name is not valid.")
    if not body.get("issuer") or not body.get("subject"):
        raise _refused("Issuer and subject of a FederatedIdentityCredential are required.")
    if not isinstance(body.get("audiences"), list) or len(body["audiences"]) != 1:
        raise _refused("FederatedIdentityCredential must have exactly one audience.")
    if len(there) >= MOST_FEDERATED:
        raise _refused(
            f"The application has {MOST_FEDERATED} federated identity credentials, the most it can."
        )
    for entry in there:
        pair = (entry["issuer"], entry["subject"]) == (body["issuer"], body["subject"])
        if pair or entry["name"] == body["name"]:
            raise GraphError(
                409,
                "Request_MultipleObjectsWithSameKeyValue",
                "FederatedIdentityCredential with this name, or issuer and subject, already exists.",
            )


def _remove_federated(call: GraphRequest) -> Reply:
    item, key = _owned(call), call.path("credential")
    there = federated(call.state, item["id"])
    rest = [entry for entry in there if key not in {entry["id"], entry["name"]}]
    if len(rest) == len(there):
        raise not_found(key)
    call.state.applications.federated[item["id"]] = rest
    return DONE


def federated(state: Any, application: str) -> list[JsonObject]:
    """The tokens of other issuers that an application may log in with."""
    known: list[JsonObject] = state.applications.federated.get(application, [])
    return known


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise _refused(f"Cannot convert the value '{text}' to a date.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _refused(message: str) -> GraphError:
    return GraphError(400, "Request_BadRequest", message)
