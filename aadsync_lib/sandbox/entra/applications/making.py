"""Applications and their service principals: made, changed and deleted as pairs."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from aadsync_lib.sandbox.entra.applications.gallery import roles
from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.state import EntraState

GALLERY_TAGS = (
    "WindowsAzureActiveDirectoryIntegratedApp",
    "WindowsAzureActiveDirectoryGalleryApplicationNonPrimaryV1",
)
SHARED = ("displayName", "appRoles")
"""Properties that a service principal has from its application."""


def add_application(state: EntraState, **properties: Any) -> str:
    """Register an application; it gets an ``appId``, and no service principal yet."""
    key = state.add("application", properties)
    if not state.objects[key].get("appId"):
        app_id = str(uuid5(NAMESPACE_URL, f"{state.tenant_id}/appId/{key}"))
        state.update(key, appId=app_id)
    return key


def add_principal(state: EntraState, application: str, **properties: Any) -> str:
    """Make the service principal of an application."""
    item = state.objects[application]
    name = item["displayName"]
    shared = {"appDisplayName": name, "appRoles": [dict(role) for role in item["appRoles"]]}
    shared["appOwnerOrganizationId"] = state.tenant_id
    shared["servicePrincipalNames"] = [item["appId"], *item["identifierUris"]]
    return state.add_service_principal(name, item["appId"], **{**shared, "tags": [], **properties})


def instantiate(state: EntraState, template: JsonObject, name: str) -> tuple[str, str]:
    """Make an application and its service principal from a template. Twice makes two."""
    origin = {"applicationTemplateId": template["id"], "tags": list(GALLERY_TAGS)}
    application = add_application(state, displayName=name, appRoles=roles(), **origin)
    principal = add_principal(state, application, appRoleAssignmentRequired=True, **origin)
    return application, principal


def change_application(state: EntraState, application: str, properties: JsonObject) -> None:
    state.update(application, **properties)
    principal = state.find(state.objects[application]["appId"])
    shared = {name: properties[name] for name in SHARED if name in properties}
    if principal is not None and shared:
        state.update(principal, **shared)


def delete_application(state: EntraState, application: str) -> None:
    """Move an application to the recycle bin, and its service principal with it."""
    principal = state.find(state.objects[application]["appId"])
    if principal is not None:
        state.delete_service_principal(principal)
    state.delete(application, soft=True)


def application_of(state: EntraState, app_id: str) -> str | None:
    """The id of the application with this ``appId``."""
    for key in state.ids("application"):
        if str(state.objects[key].get("appId")).casefold() == app_id.casefold():
            return key
    return None
