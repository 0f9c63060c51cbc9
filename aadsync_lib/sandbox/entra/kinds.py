"""The kinds of directory object, with the properties that Graph shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JsonObject = dict[str, Any]


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@dataclass(frozen=True, slots=True)
class Kind:
    """One Graph entity type."""

    name: str
    collection: str
    default: tuple[str, ...]
    on_select: tuple[str, ...]
    permissions: frozenset[str]
    deleted_permissions: frozenset[str] = frozenset()
    fill: Mapping[str, Any] = field(default_factory=dict)

    @property
    def odata_type(self) -> str:
        return f"#microsoft.graph.{self.name}"

    def knows(self, name: str) -> bool:
        """Whether ``name`` is a property of this type; schema extensions always are."""
        return name in self.default or name in self.on_select or name.startswith("extension_")


USER = Kind(
    "user",
    "users",
    _names(
        "businessPhones displayName givenName jobTitle mail mobilePhone officeLocation "
        "preferredLanguage surname userPrincipalName id"
    ),
    _names(
        "accountEnabled ageGroup city companyName country createdDateTime creationType "
        "deletedDateTime department employeeHireDate employeeId employeeOrgData employeeType "
        "externalUserState externalUserStateChangeDateTime faxNumber identities mailNickname "
        "onPremisesDistinguishedName onPremisesDomainName onPremisesExtensionAttributes "
        "onPremisesImmutableId onPremisesLastSyncDateTime onPremisesSamAccountName "
        "onPremisesSecurityIdentifier onPremisesSyncEnabled onPremisesUserPrincipalName "
        "otherMails postalCode proxyAddresses securityIdentifier signInSessionsValidFromDateTime "
        "state streetAddress usageLocation userType"
    ),
    frozenset({"User.Read.All", "Directory.Read.All"}),
    frozenset({"User.Read.All", "Directory.Read.All"}),
    {"accountEnabled": True, "userType": "Member", "businessPhones": []},
)
GROUP = Kind(
    "group",
    "groups",
    _names(
        "id deletedDateTime classification createdDateTime description displayName "
        "expirationDateTime groupTypes isAssignableToRole mail mailEnabled mailNickname "
        "membershipRule membershipRuleProcessingState onPremisesDomainName "
        "onPremisesLastSyncDateTime onPremisesSamAccountName onPremisesSecurityIdentifier "
        "onPremisesSyncEnabled preferredDataLocation preferredLanguage proxyAddresses "
        "renewedDateTime securityEnabled securityIdentifier theme uniqueName visibility"
    ),
    ("resourceProvisioningOptions", "creationOptions", "resourceBehaviorOptions"),
    frozenset(
        {"GroupMember.Read.All", "Group.Read.All", "Group.ReadBasic.All", "Directory.Read.All"}
    ),
    frozenset({"Group.Read.All", "Directory.Read.All"}),
    {"groupTypes": [], "securityEnabled": True, "mailEnabled": False},
)
READ_APPLICATIONS = frozenset(
    {
        "Application.Read.All",
        "Application.ReadWrite.OwnedBy",
        "Application.ReadWrite.All",
        "Directory.Read.All",
    }
)
SERVICE_PRINCIPAL = Kind(
    "servicePrincipal",
    "servicePrincipals",
    _names(
        "id deletedDateTime accountEnabled alternativeNames appDisplayName appDescription appId "
        "applicationTemplateId appOwnerOrganizationId appRoleAssignmentRequired appRoles "
        "createdDateTime description disabledByMicrosoftStatus displayName homepage loginUrl "
        "logoutUrl notes preferredSingleSignOnMode servicePrincipalNames servicePrincipalType "
        "signInAudience tags"
    ),
    ("oauth2PermissionScopes", "replyUrls", "info", "keyCredentials", "passwordCredentials"),
    READ_APPLICATIONS,
    READ_APPLICATIONS,
    {"accountEnabled": True, "servicePrincipalType": "Application", "appRoles": []},
)
APPLICATION = Kind(
    "application",
    "applications",
    _names(
        "id deletedDateTime addIns api appId applicationTemplateId appRoles createdDateTime "
        "description disabledByMicrosoftStatus displayName groupMembershipClaims identifierUris "
        "info isFallbackPublicClient keyCredentials notes optionalClaims passwordCredentials "
        "publicClient publisherDomain requiredResourceAccess serviceManagementReference "
        "signInAudience spa tags uniqueName web"
    ),
    (),
    READ_APPLICATIONS,
    READ_APPLICATIONS,
    {
        "appRoles": [],
        "identifierUris": [],
        "keyCredentials": [],
        "passwordCredentials": [],
        "requiredResourceAccess": [],
        "tags": [],
        "signInAudience": "AzureADMyOrg",
    },
)
DEVICE = Kind(
    "device",
    "devices",
    ("id", "accountEnabled", "deviceId", "displayName", "operatingSystem"),
    (),
    frozenset({"Device.Read.All", "Directory.Read.All"}),
    fill={"accountEnabled": True},
)
CONTACT = Kind(
    "orgContact",
    "contacts",
    ("id", "companyName", "department", "displayName", "givenName", "mail", "surname"),
    (),
    frozenset({"OrgContact.Read.All", "Directory.Read.All"}),
)
KINDS: Mapping[str, Kind] = {
    kind.name: kind for kind in (USER, GROUP, SERVICE_PRINCIPAL, APPLICATION, DEVICE, CONTACT)
}
