"""An ordinary day of a directory: people come, go and move, groups change."""

from random import Random

from aadsync_lib.sandbox.entra.state import EntraState
from aadsync_lib.sandbox.generator.people import People
from aadsync_lib.sandbox.world import World

SHARE = 0.01
SYNCED = "dbx-"


def day(world: World, seed: int) -> list[str]:
    """Change about one person and one group in a hundred, and say what happened.

    The same seed does the same to the same directory. Groups named dbx- stay as they are, since
    a scope may name them.
    """
    state = world.entra
    with state.lock:
        return _Day(state, Random(seed)).pass_by()  # noqa: S311 - reproducible, not secret


class _Day:
    def __init__(self, state: EntraState, rng: Random) -> None:
        self.state = state
        self.rng = rng
        self.events: list[str] = []
        self.people = People(state, rng)
        self.groups = [g for g in state.ids("group") if self._is_ordinary(g)]
        self.teams = self._find_teams()
        self.staff = [u for u in state.ids("user") if state.objects[u]["userType"] == "Member"]

    def pass_by(self) -> list[str]:
        total = len(self.staff) * SHARE
        for share, event in (
            (0.40, self._hire),
            (0.10, self._disable),
            (0.08, self._leave),
            (0.40, self._move),
        ):
            for _ in range(self._times(total * share)):
                event()
        for _ in range(self._times(len(self.groups) * SHARE / 2)):
            self._rename()
            self._renest()
        return self.events

    def _times(self, expected: float) -> int:
        """The expected number; a fraction happens with that probability, the first time surely."""
        whole, rest = int(expected), expected - int(expected)
        return max(1, whole + (self.rng.random() < rest))

    def _hire(self) -> None:
        person = {**self.people.staff(), "createdDateTime": self.state.now()}
        del person["id"]  # the directory's next one: two days of one seed are two people
        name, user = person["displayName"], self.state.add("user", person)
        if not self.teams:
            self.events.append(f"{name} was hired.")
            return
        team = self.rng.choice(self.teams)
        self.state.add_member(team, user)
        self.state.update(user, department=self._name(team).split(" / ", maxsplit=1)[0])
        self.events.append(f"{name} was hired into {self._name(team)}.")

    def _disable(self) -> None:
        active = [u for u in self.staff if self.state.objects[u]["accountEnabled"]]
        if active:
            user = self.rng.choice(active)
            self.state.update(user, accountEnabled=False)
            self.events.append(f"{self._name(user)} left, and was disabled.")

    def _leave(self) -> None:
        if self.staff:
            user = self.rng.choice(self.staff)
            self.staff.remove(user)
            name = self._name(user)
            self.state.delete_user(user)
            self.events.append(f"{name} left, and was deleted.")

    def _move(self) -> None:
        if len(self.teams) < 2:
            return
        old = self.rng.choice(self.teams)
        new = self.rng.choice([team for team in self.teams if team != old])
        persons = [user for user in self._persons(old) if user not in self.state.members[new]]
        if persons:
            user = self.rng.choice(persons)
            self.state.remove_member(old, user)
            self.state.add_member(new, user)
            self.state.update(user, department=self._name(new).split(" / ", maxsplit=1)[0])
            move = f"from {self._name(old)} to {self._name(new)}"
            self.events.append(f"{self._name(user)} moved {move}.")

    def _rename(self) -> None:
        if self.groups:
            group = self.rng.choice(self.groups)
            old, new = self._name(group), self._free_name(self._name(group))
            self.state.rename_group(group, new)
            self.events.append(f"Group {old} was renamed to {new}.")

    def _renest(self) -> None:
        """Move a team below another office of its level, so that nothing gets deeper."""
        nested = [team for team in self.teams if self._office(team) is not None]
        if not nested:
            return
        team = self.rng.choice(nested)
        old = self._office(team)
        offices = dict.fromkeys(
            self._office(t) for t in nested if self._depth(t) == self._depth(team)
        )
        others = [office for office in offices if office not in {None, old}]
        if old is not None and others:
            new = self.rng.choice(others)
            assert new is not None
            self.state.remove_member(old, team)
            self.state.add_member(new, team)
            move = f"from {self._name(old)} to {self._name(new)}"
            self.events.append(f"Group {self._name(team)} was moved {move}.")

    def _is_ordinary(self, group: str) -> bool:
        item = self.state.objects[group]
        is_plain = not item["groupTypes"] and item.get("visibility") != "HiddenMembership"
        return is_plain and not item["displayName"].startswith(SYNCED)

    def _find_teams(self) -> list[str]:
        """Groups at the bottom of the departments; of a flat directory, all without groups."""
        leaves = [g for g in self.groups if self._persons(g) and not self._subgroups(g)]
        return [leaf for leaf in leaves if self._depth(leaf) > 1] or leaves

    def _persons(self, group: str) -> list[str]:
        return [m for m in self.state.members[group] if self.state.kinds[m] == "user"]

    def _subgroups(self, group: str) -> list[str]:
        return [m for m in self.state.members[group] if self.state.kinds[m] == "group"]

    def _office(self, team: str) -> str | None:
        """The ordinary group that a team is in."""
        parents = self.state.parents.get(team, ())
        return next((parent for parent in parents if self._is_ordinary(parent)), None)

    def _depth(self, group: str) -> int:
        """Ordinary groups above this one, along its first parents."""
        seen: list[str] = []
        above = self._office(group)
        while above is not None and above not in seen:
            seen.append(above)
            above = self._office(above)
        return len(seen)

    def _free_name(self, name: str) -> str:
        taken = {self._name(g).strip().casefold() for g in self.state.ids("group")}
        base = name.rpartition(" (since ")[0] or name.strip()
        number = 1
        while f"{base} (since day {number})".casefold() in taken:
            number += 1
        return f"{base} (since day {number})"

    def _name(self, key: str) -> str:
        return str(self.state.objects[key]["displayName"])
