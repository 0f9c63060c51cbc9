"""What is ours on a target and since when, kept from the writes that were seen, not from the store."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Set
from copy import deepcopy
from dataclasses import dataclass, field
from math import inf

from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Origin
from tests.oracle.watched import Effect, Scene
from tests.oracle.wishes import Wish, Wishes, key_of

Pair = tuple[str, str]  # ids on the target of a group and of a member


@dataclass(frozen=True)
class Shared:
    """What another sync has linked: to whom, and whether they were in its scope when it last read all of it."""

    owner: str
    in_scope: bool = True


@dataclass
class RunLog:
    """``known`` memberships are the baseline of drift, ``added`` those of them that this sync made.

    Of ``blurred`` ones nobody can say: a run died over them and then somebody changed them by hand.
    ``made`` are objects that the sync created, by id, and ``called`` so; ``unsettled`` are those that the store may not know;
    ``missing`` is when a read first missed a leaver, or at the latest might have, ``wished`` what Entra
    wanted when a run last ended, ``names`` what Entra called identities when they were linked, ``aliases`` what first thereafter, ``past`` what before the
    sync renamed their group. ``former`` objects had an identity that has another object by now, ``shared`` ones
    belong to another sync. ``switched`` and ``shown`` are what the sync last set; of ``doubtful`` accounts
    nobody can say who switched them: a run died over that, and then somebody did so by hand. ``ended`` are objects that
    the sync deleted, ``ending`` those that it may have, as no answer came.
    """

    links: dict[str, Link] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)
    called: dict[str, str] = field(default_factory=dict)
    known: set[Pair] = field(default_factory=set)
    added: set[Pair] = field(default_factory=set)
    fresh: set[Pair] = field(default_factory=set)
    unsettled: set[str] = field(default_factory=set)
    blurred: set[Pair] = field(default_factory=set)
    missing: dict[str, tuple[float, float]] = field(default_factory=dict)
    names: dict[str, frozenset[str]] = field(default_factory=dict)
    aliases: dict[str, frozenset[str]] = field(default_factory=dict)
    past: dict[str, frozenset[str]] = field(default_factory=dict)
    wished: dict[str, Wish] = field(default_factory=dict)
    former: set[str] = field(default_factory=set)
    shared: dict[str, Shared] = field(default_factory=dict)
    switched: dict[str, bool] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    misnamed: set[str] = field(
        default_factory=set
    )  # it was told of a name, did not take it, and is still to have one
    unsure: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    ending: set[str] = field(default_factory=set)

    @property
    def owners(self) -> dict[str, str]:
        return {link.target_id: oid for oid, link in self.links.items()}

    def copy(self) -> RunLog:
        return deepcopy(self)

    def disown(self, groups: set[str]) -> None:
        """Forget who is in these groups: from now on they are other identities' than before."""
        self.known = {pair for pair in self.known if pair[0] not in groups}
        self.added = {pair for pair in self.added if pair[0] not in groups}

    def saw(self, effects: Iterable[Effect], tried: set[Pair], *, unanswered: bool) -> None:
        """Note the writes of a run; ``unanswered``: the store may not know them before the next one."""
        self.fresh, self.unsettled = set(tried) if unanswered else set(), set()
        self.unsure = set()
        for one in effects:
            self.ended |= {one.id} if one.verb == "delete" else set()
            if one.verb == "create" and one.wanted and one.wanted.external_id:
                self.made[one.id] = one.wanted.external_id
                self.unsettled |= {one.id} if unanswered else set()
                self.called[one.id] = one.wanted.display_name or ""
            if one.verb == "update" and one.wanted and one.wanted.external_id is not None:
                self.switched.pop(one.id, None)  # somebody else's by now, and taken as found
                self.shown.pop(one.id, None)
            if one.wanted and one.wanted.active is not None:
                self.switched[one.id] = one.wanted.active
                self.doubtful.discard(one.id)
                self.unsure |= {one.id} if unanswered else set()
            if one.wanted and one.wanted.display_name is not None:
                self.shown[one.id] = one.wanted.display_name
                self.misnamed.discard(one.id)
            came = {(one.id, member) for member in one.added}
            went = {(one.id, member) for member in one.removed}
            self.known = (self.known | came) - went
            self.added = (self.added | came) - went
            if unanswered:
                self.fresh |= came | went

    def mistaken(self, behind: Set[str], creations: Mapping[str, str], scene: Scene) -> None:
        """Note what looks as if a creation without an answer had made it: unlisted then, with the same externalId."""
        strangers = scene.accounts.keys() - self.owners.keys() - self.shared.keys() - self.former
        holders = [(tid, scene.accounts[tid].external_id or "") for tid in sorted(strangers)]
        for oid in creations.keys() - self.links.keys():
            same_id = [tid for tid, other in holders if other == oid]
            if len(same_id) == 1 and same_id[0] in behind:
                self.unsettled |= {*same_id}
                self.made[same_id[0]], self.called[same_id[0]] = oid, creations[oid]

    def unheard(
        self, writes: Iterable[Effect], scene: Scene, *, looks: bool, removals: bool
    ) -> None:
        """Note what was answered and not done. Who ``looks`` after each write, or each removal, knows.

        Others cannot tell it from what somebody undid by hand. Additions are always looked for, and so is
        the name of a group that somebody had renamed by hand.
        """
        for one in writes:
            self.blurred |= (
                set() if looks or removals else {(one.id, member) for member in one.removed}
            )
            self.known -= {
                (one.id, member) for member in one.added
            }  # it is tried again, by no hand
            self.doubtful |= {one.id} if one.wanted and not looks else set()
            account = scene.accounts.get(one.id)  # or it was deleted thereafter
            if not (one.wanted and account and (looks or self._called_back(one))):
                continue
            if one.wanted.active is not None:
                self.switched[one.id] = account.active
            if one.wanted.display_name is not None:
                self.shown[one.id] = account.display_name or ""
                self.misnamed.add(one.id)

    def _called_back(self, one: Effect) -> bool:
        """Return whether a group was to have the name again that it had when it was last seen to."""
        link = self.links.get(self.owners.get(one.id, ""))
        return bool(
            link and link.kind is Kind.GROUP and one.wanted and one.wanted.display_name == link.name
        )

    def relink(
        self,
        stored: Iterable[Link],
        adopting: Mapping[str, str],
        scene: Scene,
        names: Callable[[str], frozenset[str]],
        behind: Set[str],
    ) -> None:
        """Take over who is linked, with what was created or adopted and could not be recorded.

        What nobody lists (``behind``) and somebody has renamed since is not found by the name of its creation.
        """
        old, self.links = self.links, {link.external_id: link for link in stored}
        taken = set(self.owners)
        for tid in sorted(self.unsettled - taken - self.shared.keys()):  # or another sync's by now
            account = scene.accounts.get(tid)
            if account and (tid not in behind or key_of(account.name) == key_of(self.called[tid])):
                oid = self.made[tid]
                self.links[oid] = Link(account.kind, oid, tid, Origin.CREATED, self.called[tid])
        for oid, tid in adopting.items():
            account = scene.accounts.get(tid)
            if account and account.external_id == oid and tid not in {*self.shared, self._of(oid)}:
                self.links = {o: link for o, link in self.links.items() if link.target_id != tid}
                self.links[oid] = Link(account.kind, oid, tid, Origin.ADOPTED, account.name)
        self.disown({gid for gid, _ in self.known} - self.owners.keys())
        same = self.names.keys() & {o for o, link in self.links.items() if old.get(o) == link}
        changed = (self.links.keys() & self.names.keys() & old.keys()) - same
        renamed = {o for o in changed if self.links[o].target_id == old[o].target_id}
        self.past = {o: self.past.get(o, frozenset()) for o in same | renamed}
        self.past |= {o: self.past[o] | self.names[o] for o in renamed}
        self.names = {o: self.names[o] if o in same else names(o) for o in self.links}
        self.aliases = {o: self.aliases[o] if o in same else frozenset() for o in self.links}
        moved = {link.target_id for oid, link in old.items() if oid in self.links}
        self.former = ((self.former | moved) & scene.accounts.keys()) - self.owners.keys()

    def renamed(self, names: Callable[[str], frozenset[str]]) -> None:
        """Note what Entra calls an identity now that it called by its name on the target when it was linked."""
        for oid, link in self.links.items():
            known, mapped = self.aliases.get(oid) or self.names[oid], key_of(link.name)
            if all(key_of(name) == mapped for name in known):
                self.aliases[oid] = names(oid)

    def _of(self, oid: str) -> str | None:
        return self.links[oid].target_id if oid in self.links else None

    def settled(self, wishes: Wishes, wanted: set[Pair], unread: set[str], scene: Scene) -> None:
        """Note how a run left the memberships behind; what Entra has of ``unread`` groups is not sure."""
        there = pairs(scene)
        open_ = (self.known | self.blurred) - there - wanted
        lost = {pair for pair in open_ if pair[0] in unread}
        self.known = (self.known & (wanted | there)) | (wanted & there)
        self.added &= there
        self.blurred = (self.blurred & (wanted | there)) | lost
        self.wished = dict(wishes.all)
        failing = {o for o, one in wishes.all.items() if not one.contested}
        self.misnamed = {tid for tid in self.misnamed if self.owners.get(tid) in failing}

    def missed(
        self, wishes: Wishes, gone: Container[str], now: float, sure: Container[str]
    ) -> None:
        """Note a read. Of who is ``gone`` from Entra it is certain that they left; of others, when all was read.

        Of who is not ``sure``, a later run may be the first to note it.
        """
        people = [o for o, link in self.links.items() if link.kind is not Kind.GROUP]
        out = [oid for oid in people if oid not in wishes.all]
        before, self.missing = self.missing, {}
        for oid in out:
            first, last = before.get(oid, (now, inf))
            surely = wishes.complete or oid in wishes.out
            if oid in before or surely or oid in gone:
                self.missing[oid] = first, min(last, now) if surely and oid in sure else last

    def touched(self, before: Scene, after: Scene) -> None:
        """Note what somebody changed by hand of what the last run left open."""
        self.blurred |= self.fresh & (pairs(before) ^ pairs(after))
        both = self.unsure & before.accounts.keys() & after.accounts.keys()
        switched = (t for t in both if before.accounts[t].active != after.accounts[t].active)
        self.doubtful.update(switched)


def pairs(scene: Scene) -> set[Pair]:
    return {(gid, member) for gid, members in scene.groups.items() for member in members}
