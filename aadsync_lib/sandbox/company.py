"""A fictional company of any size, the same for the same seed.

Every group whose name starts with ``dbx-`` is one that a sync would manage. Together they reach
everyone but the people of a few groups outside, where what a sync should not meet is kept.
"""

from datetime import UTC, datetime
from random import Random

from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.state import DEFAULT_ACCESS, EntraState
from aadsync_lib.sandbox.generator.people import (
    APPLICATIONS,
    CREATED,
    ODD_GROUPS,
    ODD_PEOPLE,
    PROJECTS,
    People,
    new_id,
    numbered,
)
from aadsync_lib.sandbox.generator.tree import Planter, Tree, teams_for
from aadsync_lib.sandbox.generator.workspaces import AUDITOR, add_workspaces
from aadsync_lib.sandbox.identities import CLIENT_ID, CLIENT_SECRET
from aadsync_lib.sandbox.world import World

BREAKGLASS = "breakglass@contoso.com"
_HEADROOM = 2


def make_account(entra: EntraState, rng: Random, known: int) -> DatabricksState:
    """An account that somebody has used by hand: ``known`` of the staff are there already."""
    account = DatabricksState(account_id=new_id(rng))
    account.add_client(CLIENT_ID, CLIENT_SECRET)
    account.add_user(BREAKGLASS, "Break Glass", roles=["account_admin"])
    account.add_user(AUDITOR, "External Auditor")
    account.add_user("trial.user@northwind.com", "Trial User", active=False)
    account.add_service_principal(new_id(rng), "legacy-etl-runner")
    account.add_group("legacy-etl", members=[AUDITOR])
    account.add_group("finance-readers", members=[AUDITOR, BREAKGLASS])
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


MOST_TEAMS = 2500
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
ROLE = "8b292bd8-3f0b-4d1b-9a3f-0d7c6e5f4a3b"


def company(
    users: int,
    seed: int = 7,
    *,
    guests: float = 0.06,
    disabled: float = 0.03,
    team_size: int = 12,
    colliding_names: bool = False,
    cycle_in_scope: bool = False,
    workspaces: int = 0,
) -> World:
    """A company of so many users, guests included, with so many Databricks workspaces.

    ``colliding_names`` gives groups under ``dbx-`` names that differ in case or spaces only;
    ``cycle_in_scope`` puts the cycle of groups under ``dbx-``, too.
    """
    builder = _Builder(Random(seed), users)  # noqa: S311 - reproducible, not secret
    builder.people(users, guests, disabled)
    builder.departments(max(team_size, users // MOST_TEAMS))
    builder.projects()
    builder.applications()
    builder.oddities(colliding_names=colliding_names)
    builder.outsiders(cycle_in_scope=cycle_in_scope)
    builder.state.log.clear()
    world = World(builder.state, make_account(builder.state, builder.rng, known=users // 100))
    add_workspaces(world, workspaces, BREAKGLASS)
    return world


class _Builder:
    """Fills one tenant, step by step; each step uses what those before it have made."""

    def __init__(self, rng: Random, users: int) -> None:
        self.rng = rng
        self.size = users
        self.state = EntraState(new_id(rng), clock=lambda: START)
        self.staff: list[str] = []
        self.guests: list[str] = []
        self.planter = Planter(self.state, rng)
        self.tree = Tree()
        self.top = {
            name: self.planter.group(f"dbx-{name}")
            for name in ("all", "data-platform", "admins", "projects", "services")
        }

    def people(self, users: int, guests: float, disabled: float) -> None:
        people = People(self.state, self.rng)
        odd = min(len(ODD_PEOPLE), users // 10)
        visitors = round(users * guests)
        for number in range(odd):
            self.staff.append(self._insert(people.odd(number)))
        for _ in range(users - visitors - odd):
            person = people.staff(disabled=self.rng.random() < disabled)
            self.staff.append(self._insert(person))
        for _ in range(visitors):
            self.guests.append(self._insert(people.guest()))
        for _ in range(users // 200):
            gone = {**people.staff(), "deletedDateTime": "2026-01-02T08:00:00Z"}
            name = gone["id"].replace("-", "") + gone["userPrincipalName"]
            self.state.bury({"kind": "user", "object": {**gone, "userPrincipalName": name}})

    def departments(self, team_size: int) -> None:
        """Everybody has a team; some also belong to a group higher up."""
        self.tree = self.planter.plant(teams_for(len(self.staff), team_size))
        for number, person in enumerate(self.staff):
            team, division = self.tree.teams[number % len(self.tree.teams)]
            self.state.add_member(team, person)
            self.state.objects[person]["department"] = division
            if self.tree.offices and self.rng.random() < 0.04:
                self.state.add_member(self.rng.choice(self.tree.offices), person)
        for name, group in self.tree.divisions.items():
            self.state.add_member(self.top["all"], group)
            if name in {"Data", "Engineering"}:
                self.state.add_member(self.top["data-platform"], group)
        self._fill(self.top["admins"], max(1, self.size // 500))

    def projects(self) -> None:
        """Projects cut across departments, guests included; one in ten takes a whole team."""
        count = max(2, min(400, self.size // 60))
        groups = [self.planter.group(f"Project {numbered(PROJECTS, n)}") for n in range(count)]
        for group in groups:
            self.state.add_member(self.top["projects"], group)
            self._fill(group, self.rng.randint(4, 14))
            if self.rng.random() < 0.1:
                self.state.add_member(group, self.rng.choice(self.tree.teams)[0])
        for number, guest in enumerate(self.guests):
            self.state.add_member(groups[number % count], guest)

    def applications(self) -> None:
        """Service principals, most of them members of groups, and one with assignments."""
        for number in range(max(3, min(500, self.size // 100))):
            principal = self._service_principal(f"app-{numbered(APPLICATIONS, number)}")
            self.state.add_member(self.top["services"], principal)
            if number % 3 == 0:
                self.state.add_member(self.top["data-platform"], principal)
            if number % 4 == 0:
                self.state.add_member(self.rng.choice(self.tree.teams)[0], principal)
        roles = [{"id": ROLE, "displayName": "User", "isEnabled": True, "value": "User"}]
        connector = self._service_principal("Databricks Account Access", appRoles=roles)
        self.state.assign(connector, self.top["data-platform"], ROLE)
        for person in self._some(self.staff, 3):
            self.state.assign(connector, person, DEFAULT_ACCESS)

    def oddities(self, *, colliding_names: bool) -> None:
        """Groups with awkward names, devices and contacts as members, a dynamic group."""
        special = self.planter.group("Special Interests")
        self.state.add_member(self.top["all"], special)
        names = list(ODD_GROUPS)
        if colliding_names:
            names += ["Special interests", "SPECIAL INTERESTS ", "Project ALPHA"]
        for name in names:
            group = self.planter.group(name)
            self.state.add_member(special, group)
            self._fill(group, 3)
        for number in range(2):
            self._add("device", special, {"displayName": f"LAPTOP-{number:04}"})
            contact = {"displayName": f"Front Desk {number}", "mail": f"desk{number}@fabrikam.com"}
            self._add("orgContact", special, contact)
        self._dynamic(special)

    def outsiders(self, *, cycle_in_scope: bool) -> None:
        """Groups outside ``dbx-``: Microsoft 365, same names, hidden members, a cycle."""
        unified = {"groupTypes": ["Unified"], "mailEnabled": True, "securityEnabled": False}
        for name in ("dbx-announcements", "All Company", "Book Club", "Book Club"):
            self._fill(self.planter.group(name, **unified), 8)
        for name in ("Parking Permits", "Parking Permits", "parking permits "):
            self._fill(self.planter.group(name), 1)
        self._fill(self.planter.group("Works Council", visibility="HiddenMembership"), 5)
        ring = [self.planter.group(f"Steering Ring {n}") for n in range(1, 4)]
        for number, group in enumerate(ring):
            self.state.add_member(group, ring[number - 1])
            self._fill(group, 1)
        if cycle_in_scope:
            self.state.add_member(self.top["all"], ring[0])

    def _dynamic(self, parent: str) -> None:
        rule = {
            "groupTypes": ["DynamicMembership"],
            "membershipRule": '(user.jobTitle -eq "Director")',
            "membershipRuleProcessingState": "On",
        }
        group = self.planter.group("Directors (dynamic)", **rule)
        self.state.add_member(parent, group)
        for person in self.staff:
            if self.state.objects[person].get("jobTitle") == "Director":
                self.state.add_member(group, person)

    def _service_principal(self, name: str, **properties: object) -> str:
        app = {"displayName": name, "appId": new_id(self.rng), "appDisplayName": name}
        return self._insert({"id": new_id(self.rng), **app, **properties}, "servicePrincipal")

    def _insert(self, properties: JsonObject, kind: str = "user") -> str:
        return self.state.insert(kind, {"createdDateTime": CREATED, **properties})

    def _add(self, kind: str, group: str, properties: JsonObject) -> None:
        self.state.add_member(group, self._insert({"id": new_id(self.rng), **properties}, kind))

    def _fill(self, group: str, count: int) -> None:
        for person in self._some(self.staff, count):
            self.state.add_member(group, person)

    def _some(self, people: list[str], count: int) -> list[str]:
        return self.rng.sample(people, min(count, len(people)))
