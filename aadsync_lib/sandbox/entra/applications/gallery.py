"""Application templates of the gallery: the Databricks connector, neighbours, and the empty one."""

from typing import Any

CONNECTOR = "9c9818d2-2900-49e8-8ba4-22688be7c675"
CUSTOM = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
USER_ROLE = "18d14569-c3bd-439b-9a66-3a2aee01d14f"
ACCESS_ROLE = "b9632174-c057-4f7e-951b-be3adc52bfe6"


def _template(key: str, name: str, publisher: str, provisioning: str | None) -> dict[str, Any]:
    return {
        "id": key,
        "displayName": name,
        "homePageUrl": "https://databricks.com" if publisher == "Databricks" else None,
        "supportedSingleSignOnModes": ["saml"] if provisioning is None else [],
        "supportedProvisioningTypes": [] if provisioning is None else [provisioning],
        "logoUrl": None,
        "categories": ["developerServices"],
        "publisher": publisher,
        "description": None,
    }


TEMPLATES = (
    _template(CONNECTOR, "Azure Databricks SCIM Provisioning Connector", "Databricks", "sync"),
    _template("0f5a7a3e-7a0f-4f4c-9f6e-6d0e5b8f2f11", "Databricks", "Databricks", None),
    _template(CUSTOM, "Custom", "Microsoft", None),
)
"""Ids of the first and the last as published; templates of other clouds have others."""


def roles() -> list[dict[str, Any]]:
    """The application roles of an instantiated template."""
    return [_role(USER_ROLE, "User"), _role(ACCESS_ROLE, "msiam_access")]


def _role(key: str, name: str) -> dict[str, Any]:
    return {
        "allowedMemberTypes": ["User"],
        "description": name,
        "displayName": name,
        "id": key,
        "isEnabled": True,
        "origin": "Application",
        "value": None,
    }


SYNCHRONIZATION_TEMPLATES = {CONNECTOR: "dataBricks"}
"""By application template, the template of its synchronization jobs."""
