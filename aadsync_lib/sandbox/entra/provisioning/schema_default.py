"""The default schema of the Databricks connector: groups, people, and what may be mapped.

Microsoft does not publish the connector's list of attributes; this one has what SCIM galleries share.
"""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.memory.jobs import Job

USER_TYPE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP_TYPE = "urn:ietf:params:scim:schemas:core:2.0:Group"
SOURCE = "Azure Active Directory"
TARGET = "Databricks"
ACTIVE = 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'
_USER_SOURCE = (
    "objectId IsSoftDeleted accountEnabled userPrincipalName originalUserPrincipalName mail "
    "mailNickname displayName givenName surname jobTitle department companyName city state country "
    "employeeId employeeType officeLocation preferredLanguage telephoneNumber mobile usageLocation "
    "userType dirSyncEnabled extensionAttribute1 extensionAttribute2"
)
_GROUP_SOURCE = "objectId displayName mailNickname description mailEnabled securityEnabled members"
_USER_TARGET = (
    'id externalId userName active displayName title emails[type eq "work"].value name.givenName '
    "name.familyName name.formatted preferredLanguage userType "
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department "
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber"
)
_GROUP_TARGET = "id externalId displayName members"


def default_schema(job: Job, suffix: str) -> JsonObject:
    """The schema of a new job. ``suffix`` ends the id of its rule."""
    rule = {
        "id": f"{uuid5(NAMESPACE_URL, job.id)}{suffix}",
        "name": "USERGROUP_OUTBOUND_USERGROUP",
        "editable": True,
        "priority": 1,
        "sourceDirectoryName": SOURCE,
        "targetDirectoryName": TARGET,
        "containerFilter": None,
        "groupFilter": None,
        "metadata": [{"key": "supportsProvisionOnDemand", "value": "true"}],
        "objectMappings": [_groups(), _users()],
    }
    return {"synchronizationRules": [rule], "directories": _directories()}


def _groups() -> JsonObject:
    mappings = [
        _mapping("displayName", "displayName", matching=1),
        _mapping("externalId", "objectId"),
        _mapping("members", "members"),
    ]
    name = "Provision Azure Active Directory Groups"
    return _object(name, "Group", GROUP_TYPE, mappings, joining="displayName")


def _users() -> JsonObject:
    mappings = [
        _mapping("userName", "userPrincipalName", matching=1),
        _mapping("active", ACTIVE, kind="Function"),
        _mapping("displayName", "displayName"),
        _mapping("externalId", "objectId"),
        _mapping('emails[type eq "work"].value', "userPrincipalName"),
        _mapping("name.givenName", "givenName"),
        _mapping("name.familyName", "surname"),
    ]
    name = "Provision Azure Active Directory Users"
    return _object(name, "User", USER_TYPE, mappings, joining="userName")


def _object(
    name: str, source: str, target: str, mappings: list[JsonObject], *, joining: str
) -> JsonObject:
    return {
        "enabled": True,
        "flowTypes": "Add,Update,Delete",
        "name": name,
        "scope": None,
        "sourceObjectName": source,
        "targetObjectName": target,
        "metadata": [
            {"key": "Disposition", "value": '"Normal"'},
            {"key": "OriginalJoiningProperty", "value": joining},
        ],
        "attributeMappings": mappings,
    }


def _mapping(target: str, source: str, *, kind: str = "Attribute", matching: int = 0) -> JsonObject:
    """A mapping of one attribute; ``matching`` above 0 finds what exists, lowest first."""
    parameters: list[Any] = []
    expression = f"[{source}]" if kind == "Attribute" else source
    name = source if kind == "Attribute" else source.partition("(")[0]
    return {
        "targetAttributeName": target,
        "matchingPriority": matching,
        "defaultValue": None,
        "exportMissingReferences": False,
        "flowBehavior": "FlowWhenChanged",
        "flowType": "Always",
        "source": {
            "expression": expression,
            "name": name,
            "type": kind,
            "parameters": parameters,
        },
    }


def _directories() -> list[JsonObject]:
    source = [("User", _USER_SOURCE), ("Group", _GROUP_SOURCE)]
    target = [(USER_TYPE, _USER_TARGET), (GROUP_TYPE, _GROUP_TARGET)]
    return [_directory(SOURCE, source, read_only=True), _directory(TARGET, target)]


def _directory(name: str, objects: list[tuple[str, str]], *, read_only: bool = False) -> JsonObject:
    return {
        "id": str(uuid5(NAMESPACE_URL, name)),
        "name": name,
        "discoverabilities": "None" if read_only else "AttributeNames",
        "readOnly": read_only,
        "version": "1",
        "objects": [
            {"name": kind, "attributes": [_attribute(item) for item in _split(names)]}
            for kind, names in objects
        ],
    }


def _split(names: str) -> list[str]:
    return names.replace('[type eq "work"]', "[work]").split()


def _attribute(name: str) -> JsonObject:
    name = name.replace("[work]", '[type eq "work"]')
    return {
        "name": name,
        "type": "Reference" if name == "members" else "String",
        "multivalued": name == "members",
        "mutability": "ReadOnly" if name == "id" else "ReadWrite",
        "required": name in {"userName", "displayName"},
        "anchor": name in {"id", "objectId"},
        "caseExact": False,
    }
