"""The secrets of an application: read masked, replaced whole; and credentials tried out."""

import json
from typing import Any

from aadsync_lib.sandbox.entra.calls import DONE, Reply, Routes
from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.memory.provisioning import Secrets
from aadsync_lib.sandbox.entra.paging import GraphRequest
from aadsync_lib.sandbox.entra.provisioning.calls import ROOT, conflict, principal_of, refused

_KEYS = (
    "None UserName Password SecretToken AppKey BaseAddress ClientIdentifier ClientSecret "
    "SingleSignOnType Sandbox Url Domain ConsumerKey ConsumerSecret TokenKey TokenExpiration "
    "Oauth2AccessToken Oauth2AccessTokenCreationTime Oauth2RefreshToken SyncAll InstanceName "
    "Oauth2ClientId Oauth2ClientSecret CompanyId UpdateKeyOnSoftDelete SynchronizationSchedule "
    "SystemOfRecord SandboxName EnforceDomain SyncNotificationSettings SkipOutOfScopeDeletions "
    "Oauth2AuthorizationCode Oauth2RedirectUri ApplicationTemplateIdentifier "
    "Oauth2TokenExchangeUri Oauth2AuthorizationUri AuthenticationType Server "
    "PerformInboundEntitlementGrants HardDeletesEnabled SyncAgentCompatibilityKey "
    "SyncAgentADContainer ValidateDomain TestReferences ConnectionString"
)
_MASKED = (
    "Password SecretToken AppKey ClientSecret ConsumerSecret TokenKey Oauth2AccessToken "
    "Oauth2RefreshToken Oauth2ClientSecret Oauth2AuthorizationCode ConnectionString"
)
KEYS = frozenset(_KEYS.split())
MASKED = frozenset(_MASKED.split())
MASK = "*"
SMALL = 1024
NOTICE = "SyncNotificationSettings"


def add_routes(routes: Routes) -> None:
    routes.get(f"{ROOT}/secrets", _read)
    routes.put(f"{ROOT}/secrets", _replace)


def _read(call: GraphRequest) -> JsonObject:
    key = principal_of(call, write=False)
    provisioning = call.state.provisioning
    late = provisioning.takes(f"{key}/secrets")
    pairs = (provisioning.former_secrets if late else provisioning.secrets).get(key, [])
    path = f"servicePrincipals('{call.path('id')}')/synchronization/secrets"
    return {"@odata.context": f"{call.root}/$metadata#{path}", "value": [_masked(p) for p in pairs]}


def _masked(pair: dict[str, str]) -> dict[str, str]:
    return {**pair, "value": MASK} if pair["key"] in MASKED and pair["value"] else pair


def _replace(call: GraphRequest) -> Reply:
    """What the body leaves out is gone."""
    key = principal_of(call)
    provisioning = call.state.provisioning
    pairs = checked_pairs(call, call.body.get("value"))
    if provisioning.switches.order == "job_first" and not provisioning.jobs_of(key):
        raise conflict("The application has no synchronization job yet.")
    provisioning.former_secrets[key] = provisioning.secrets.get(key, [])
    provisioning.secrets[key] = pairs
    provisioning.owe(f"{key}/secrets", provisioning.switches.secrets_late)
    return DONE


def checked_pairs(call: GraphRequest, value: Any) -> Secrets:
    """Keys with their values, each key once, or a refusal of all."""
    if not isinstance(value, list) or not all(isinstance(pair, dict) for pair in value):
        raise refused("A list of keys and values is expected.")
    pairs = [{"key": pair.get("key"), "value": pair.get("value")} for pair in value]
    for pair in pairs:
        if pair["key"] not in KEYS or not isinstance(pair["value"], str):
            raise refused(f"'{pair['key']}' is not a key of a secret with a text for value.")
    if len({pair["key"] for pair in pairs}) != len(pairs):
        raise refused("A key is there more than once.")
    _check_size(call, pairs)
    for pair in pairs:
        if pair["key"] == NOTICE:
            _check_notice(call, pair["value"])
    return pairs


def _check_size(call: GraphRequest, pairs: Secrets) -> None:
    most = call.state.provisioning.switches.credentials_limit
    if most is None and call.state.applications.switches.cloud == "us_government":
        most = SMALL
    if most is not None and sum(len(p["key"]) + len(p["value"]) for p in pairs) > most:
        raise refused(f"The credentials take more than {most} characters.")


def _check_notice(call: GraphRequest, text: str) -> None:
    notice = notice_of(text)
    if text and notice is None:
        raise refused(f"{NOTICE} is not a JSON object.")
    alone = notice and notice.get("DeleteThresholdEnabled") and not notice.get("Recipients")
    if alone and call.state.provisioning.switches.threshold_without_notice == "refused":
        raise refused("A notification address is required.")


def notice_of(text: str) -> JsonObject | None:
    """The notification settings of a secret; ``None`` where there are none."""
    try:
        notice = json.loads(text)
    except ValueError:
        return None
    return notice if isinstance(notice, dict) else None
