from dataclasses import replace
from hypothesis import given, settings as hs, note, strategies as st
from tests.core.randoms import *
from tests.core.world import World
from tests.core.build import settings


@given(directories(tidy=True), st.data(), policies, scopes)
def test_unread(first, data, policy, scope):
    with World(first, config=settings(scope=scope, **policy)) as w:
        w.sync()
        before = {
            n: w.target.effective(n)
            for n in [a.name for a in w.target.accounts.values() if a.id in w.target.groups]
        }
        active = {a.name for a in w.target.accounts.values() if a.active}
        short = {gid: data.draw(unread_copy(g)) for gid, g in sorted(first.groups.items())}
        second = reachable(replace(first, groups=short))
        if second.complete:
            return
        w.sync(second)
        after = {n: w.target.effective(n) for n in before}
        assert active == {a.name for a in w.target.accounts.values() if a.active}
        for n in before:
            assert before[n] <= after[n]


@st.composite
def unread_copy(draw, g):
    if draw(mostly(True)):
        return g
    kept = draw(st.frozensets(st.sampled_from(sorted(g.members)))) if g.members else g.members
    return replace(g, members=kept, unread="503")
