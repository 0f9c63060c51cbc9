"""Settings files to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from aadsync_lib.config.load import load_settings
from aadsync_lib.errors import SettingsError

TENANT = "5f0a0000-0000-4000-8000-000000000001"
CLIENT = "5f0a0000-0000-4000-8000-000000000002"
ACCOUNT = "9c1d0000-0000-4000-8000-000000000003"
GROUP = "1b2c0000-0000-4000-8000-000000000004"

SMALL = f"""
name: contoso
source:
  tenant_id: {TENANT}
  auth: {{method: azure_cli}}
scope:
  groups: [{{name: Data Platform}}]
targets:
  - name: account
    host: https://accounts.azuredatabricks.net
    account_id: {ACCOUNT}
"""

FULL = f"""
version: 1
name: contoso
source:
  tenant_id: {TENANT}
  cloud: public
  endpoint: null
  auth:
    method: client_secret
    client_id: {CLIENT}
    client_secret: {{secret: aadsync/entra-client-secret}}
scope:
  groups:
    - id: {GROUP}
    - name: Data Platform
    - prefix: dbx-
    - filter: securityEnabled eq true and startswith(displayName,'dbx-')
    - application: {GROUP}
    - {{application: Databricks, default_access: false}}
  nested: preserve
  max_depth: 10
  groups_of_kind: security
  guests: true
  service_principals: true
  users:
    - [{{attribute: userType, operator: equals, value: Member}}, {{attribute: department, operator: in, value: [Data, AI]}}]
mapping:
  user_name: userPrincipalName
  guest_user_name: mail
  group_name: "{{displayName}}"
targets:
  - name: account
    level: account
    host: https://accounts.azuredatabricks.net
    account_id: {ACCOUNT}
    auth: {{method: oauth_m2m, client_id: {CLIENT}, client_secret: {{secret: aadsync/dbx-client-secret}}}}
    pace: 1.0
    capacity: {{groups: 5000, principals: 10000, direct_groups: 1500}}
    workspaces:
      - workspace_id: 1234567890
        host: https://adb-1234567890.1.azuredatabricks.net
        assign:
          - {{groups: ["dbx-*"], permission: user, entitlements: [workspace-access, databricks-sql-access]}}
          - {{groups: ["dbx-admins"], permission: admin}}
policy:
  mode: mirror
  members: exact
  leavers: deactivate
  retired_groups: empty
  grace_days: 0
  user_name_change: quarantine
  adopt: unowned
  adopt_names: []
  full_every: 24h
  drift: repair
  quarantine_after: 5
  limits:
    users_deprovisioned: {{count: 20, share: 0.10, floor: 3}}
    groups_removed: {{count: 5, share: 0.10}}
    members_removed: {{count: 200, share: 0.20}}
    access_removed: {{count: 5, share: 0.10}}
    groups_emptied: {{count: 0}}
  protected:
    users: [breakglass@contoso.com]
    groups: []
    service_principals: []
store:
  sqlite: ./aadsync.db
"""


def small() -> dict[str, Any]:
    """The least that loads, to be changed."""
    tree: dict[str, Any] = yaml.safe_load(SMALL)
    return tree


def problems(path: Path, **overrides: str) -> tuple[str, ...]:
    """What is wrong with a file."""
    with pytest.raises(SettingsError) as caught:
        load_settings(path, overrides)
    return caught.value.problems
