"""Every number of the settings has bounds, and whatever lies within them can be synced with."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aadsync_lib.apply.pacing import Pacer
from aadsync_lib.config.base import is_section
from aadsync_lib.config.keys import bare, setting_key
from aadsync_lib.config.load import settings_from
from aadsync_lib.config.settings import Settings
from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.errors import SettingsError
from aadsync_lib.model.rates import Verb
from aadsync_lib.report.as_json import plan_to_json
from aadsync_lib.report.plans import plan_document
from aadsync_lib.report.terminal import as_text
from tests.clock import FakeClock
from tests.unit.build import directory, group, user
from tests.unit.config.files import SMALL
from tests.unit.world import World

ADA, BOB, CYD = user("ada"), user("bob"), user("cyd")
OLD_WORKSPACE = "targets.0.workspaces.0"
BASES = {
    OLD_WORKSPACE: "{workspace_id: 1, host: 'https://w.io'}",
    "targets.0.connector": "{name: contoso-databricks, token: {env: TOKEN}}",
}


def numbers(section: Any = Settings, above: str = "") -> dict[str, Any]:
    """Every key that takes a number, with its annotation."""
    found: dict[str, Any] = {}
    for name, info in section.model_fields.items():
        path, annotation = f"{above}{name}", info.annotation
        while get_origin(bare(annotation)) is tuple:
            path, annotation = f"{path}.0", get_args(bare(annotation))[0]
        if is_section(bare(annotation)):
            found |= numbers(bare(annotation), f"{path}.")
        elif bare(annotation) in (int, float):
            found[path] = Annotated[info.annotation, *info.metadata, None]
    return found


NUMBERS = numbers()


def bounds(annotation: Any) -> dict[str, float]:
    """The bounds of a number, however deep they are wrapped."""
    return {
        name: getattr(extra, name)
        for extra in _extras(annotation)
        for name in ("ge", "le")
        if getattr(extra, name, None) is not None
    }


def _extras(annotation: Any) -> list[Any]:
    parts = [extra for arm in get_args(annotation) for extra in (arm, *_extras(arm))]
    return [each for part in parts for each in (part, *getattr(part, "metadata", ()))]


def problems(**given: str) -> tuple[str, ...]:
    more = {part: base for part, base in BASES.items() if any(part in key for key in given)}
    try:
        settings_from(SMALL, "f", {**more, **given})
    except SettingsError as error:
        return error.problems
    return ()


def test_the_numbers_of_the_settings_are_known():
    assert {"policy.grace_days", "policy.quarantine_after", "store.retention_days", "targets.0.pace",
            "targets.0.capacity.groups", f"{OLD_WORKSPACE}.workspace_id", "scope.max_depth",
            "policy.limits.access_removed.count", "policy.limits.groups_emptied.share"} <= set(NUMBERS)  # fmt: skip


@pytest.mark.parametrize("key", NUMBERS)
def test_every_number_has_two_bounds_and_beyond_them_is_one_problem_that_names_them(key):
    found = bounds(NUMBERS[key])
    assert set(found) == {"ge", "le"}, key
    for value, words in ((found["ge"] - 1, "at least"), (found["le"] + 1, "at most")):
        bound = found["ge"] if words == "at least" else found["le"]
        (problem,) = problems(**{key: str(int(value))})
        assert problem == f"{key}: found {int(value)}; expected {words} {bound:,}"
    for value in found.values():
        assert problems(**{key: f"{value}"}) == ()


@pytest.mark.parametrize("key", NUMBERS)
@pytest.mark.parametrize("text", ["0x" + "f" * 5000, "9" * 5000, "1" * 400, "-.inf", ".nan", "1.0e+400", "1e3"])  # fmt: skip
def test_number_that_nobody_means_is_one_problem(key, text):
    assert len(problems(**{key: text})) == 1


FREE = sorted(key for key in NUMBERS if not any(part in key for part in BASES))
EXTREMES = [0, 1, -1, 2, 0.5, 9_999_999, 36_500, 36_501, 10**9, 10**9 + 1, 2**31, 2**63, 10**300, 1e-9, 1e308, 5e-324]  # fmt: skip
VALUES = st.sampled_from(EXTREMES) | st.integers(-5, 40_000) | st.floats(0, 1) | st.none()


@given(st.dictionaries(st.sampled_from(sorted(NUMBERS)), VALUES, max_size=6))
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40, deadline=None)
def test_no_number_breaks_a_sync_that_the_settings_let_begin(chosen):
    given = {
        key: _yaml(value) for key, value in chosen.items() if not any(part in key for part in BASES)
    }
    try:
        config = settings_from(SMALL, "f", given)
    except SettingsError:
        return
    _days(config)


@pytest.mark.parametrize(
    "keys", [FREE, *(pytest.param([key], marks=pytest.mark.soak) for key in FREE)]
)
@pytest.mark.parametrize("bound", ["ge", "le"])
def test_no_bound_breaks_a_sync(keys, bound):
    _days(settings_from(SMALL, "f", {key: str(bounds(NUMBERS[key])[bound]) for key in keys}))


def _days(config: Settings) -> None:
    """A first sync, people who leave, a change that fails, and a pace."""
    with World(directory(ADA, BOB, CYD, group("Data", [ADA, BOB, CYD])), config=config) as world:
        for snapshot in (
            world.source.snapshot,
            directory(ADA, group("Data", [ADA])),
            directory(group("Data")),
        ):
            world.source.snapshot = snapshot
            plan = world.plan()
            assert as_text(plan_document(plan))
            assert plan_to_json(plan)
            with suppress(RefusedError):
                world.sync()
        assert world.store.runs()
    pacer = Pacer({Verb.GET: 100.0}, config.targets[0].pace, FakeClock())
    for _ in range(3):
        pacer.wait(Verb.GET)
    assert 0 < pacer.rate(Verb.GET) < 1e9


def _yaml(value: float | None) -> str:
    if isinstance(value, float) and "e" in repr(value) and "." not in repr(value):
        return repr(value).replace("e", ".0e")
    return "null" if value is None else repr(value)


def test_walk_over_the_models_and_the_keys_agree():
    for key in NUMBERS:
        steps = [int(part) if part.isdigit() else part for part in key.split(".")]
        assert bare(setting_key(steps).annotation) in (int, float), key
