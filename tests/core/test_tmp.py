from hypothesis import given, settings as hs, note
from tests.core.randoms import *
from tests.core.world import World
from tests.core.build import settings
import sys

@given(directories(), directories(), existing(), policies, scopes)
def test_settles(first, second, before, policy, scope):
    with World(first, account(before), config=settings(scope=scope, **policy)) as w:
        for snap in (first, second):
            r = w.sync(snap)
            p = w.plan()
            failed = r.targets[0].failed
            if p.empty: continue
            note(f"{r.targets[0].outcomes}")
            note(f"Q {r.targets[0].quarantined}")
            note("\n".join(map(str,p.targets[0].changes)))
            assert failed or r.targets[0].quarantined
            r2 = w.sync(snap)
            p2 = w.plan()
            note("after second:"+"\n".join(map(str,p2.targets[0].changes)))
            note("failed"+str(r2.targets[0].failed))
            assert p2.empty or r2.targets[0].failed
@given(directories(), directories(), existing(), policies, scopes)
def test_nofail(first, second, before, policy, scope):
    with World(first, account(before), config=settings(scope=scope, **policy)) as w:
        for snap in (first, second):
            r = w.sync(snap)
            note(f"{r.targets[0].outcomes}")
            assert not r.targets[0].failed
