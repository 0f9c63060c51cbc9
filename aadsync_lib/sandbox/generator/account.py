"""The Databricks account of a fictional company before its first sync."""

from random import Random

from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.entra.state import EntraState
from aadsync_lib.sandbox.generator.people import new_id
from aadsync_lib.sandbox.identities import CLIENT_ID, CLIENT_SECRET

BREAKGLASS = "breakglass@contoso.com"
_HEADROOM = 2


def make_account(entra: EntraState, rng: Random, known: int) -> DatabricksState:
    """An account that somebody has used by hand: ``known`` of the staff are there already."""
    account = DatabricksState(account_id=new_id(rng))
    account.add_client(CLIENT_ID, CLIENT_SECRET)
    account.add_user(BREAKGLASS, "Break Glass", roles=["account_admin"])
    account.add_user("auditor@fabrikam.com", "External Auditor")
    account.add_user("trial.user@northwind.com", "Trial User", active=False)
    account.add_service_principal(new_id(rng), "legacy-etl-runner")
    account.add_group("legacy-etl", members=["auditor@fabrikam.com"])
    account.add_group("finance-readers", members=["auditor@fabrikam.com", BREAKGLASS])
    staff = [item for item in map(entra.objects.get, entra.ids("user")) if item is not None]
    members = [user for user in staff if user["userType"] == "Member"]
    for user in rng.sample(members, min(known, len(members))):
        account.add_user(user["userPrincipalName"], user["displayName"])
    _raise_limits(account, entra)
    return account


def _raise_limits(account: DatabricksState, entra: EntraState) -> None:
    """Larger companies have had their limits raised; smaller ones keep the published ones."""
    principals = len(entra.ids("user")) + len(entra.ids("servicePrincipal"))
    switches = account.switches
    switches.max_principals = max(switches.max_principals, _HEADROOM * principals)
    switches.max_groups = max(switches.max_groups, _HEADROOM * len(entra.ids("group")))
