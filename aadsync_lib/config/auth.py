"""Ways to log in, by method, on either side."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aadsync_lib.config.base import Guid, SecretRef, Section, Text


class ClientSecretAuth(Section):
    """Entra application with a client secret."""

    method: Literal["client_secret"]
    client_id: Guid
    client_secret: SecretRef


class CertificateAuth(Section):
    """Entra application with a certificate: PEM, or PFX in base64."""

    method: Literal["certificate"]
    client_id: Guid
    certificate: SecretRef
    password: SecretRef | None = None


class ManagedIdentityAuth(Section):
    """Managed identity of the machine; ``client_id`` names a user-assigned one."""

    method: Literal["managed_identity"]
    client_id: Guid | None = None


class WorkloadIdentityAuth(Section):
    """Federated identity by a token file; its path is relative to the file of the settings."""

    method: Literal["workload_identity"]
    client_id: Guid
    token_file: Text


class AzureCliAuth(Section):
    """Whoever ``az login`` logged in."""

    method: Literal["azure_cli"]


class DeviceCodeAuth(Section):
    """A person, by a code typed into a browser."""

    method: Literal["device_code"]
    client_id: Guid


class ServiceCredentialAuth(Section):
    """A Unity Catalog service credential, in a notebook or job."""

    method: Literal["service_credential"]
    name: Text


class AccessTokenAuth(Section):
    """A token got elsewhere."""

    method: Literal["access_token"]
    access_token: SecretRef


SourceAuth = Annotated[
    ClientSecretAuth
    | CertificateAuth
    | ManagedIdentityAuth
    | WorkloadIdentityAuth
    | AzureCliAuth
    | DeviceCodeAuth
    | ServiceCredentialAuth
    | AccessTokenAuth,
    Field(discriminator="method"),
]


class OAuthM2MAuth(Section):
    """A Databricks service principal with an OAuth secret."""

    method: Literal["oauth_m2m"]
    client_id: Text
    client_secret: SecretRef


class PatAuth(Section):
    """A token: an account SCIM token, or a personal access token of a workspace."""

    method: Literal["pat"]
    token: SecretRef


class AzureClientSecretAuth(Section):
    """An Entra service principal that Databricks accepts."""

    method: Literal["azure_client_secret"]
    client_id: Guid
    client_secret: SecretRef
    tenant_id: Guid


class DefaultAuth(Section):
    """The order of databricks-sdk itself."""

    method: Literal["default"] = "default"


TargetAuth = Annotated[
    OAuthM2MAuth
    | PatAuth
    | AzureClientSecretAuth
    | AzureCliAuth
    | ManagedIdentityAuth
    | DefaultAuth,
    Field(discriminator="method"),
]
