"""Parameters are the settings' own names, with the settings' own choices."""

import pytest

from aadsync_lib.config.keys import setting_key
from aadsync_lib.config.load import load_settings
from aadsync_lib.config.settings import Settings
from aadsync_lib.errors import SettingsError, UsageError
from aadsync_lib.notebook.parameters import (
    CONNECTOR_SETTINGS,
    JOB_PARAMETERS,
    RUN_PARAMETERS,
    SETTINGS,
    parameters_of,
    read,
    settings_parameters,
)

TENANT = "5f0a0000-0000-0000-0000-000000000000"
ENOUGH = {
    "name": "contoso",
    "source.tenant_id": TENANT,
    "source.auth.method": "client_secret",
    "source.auth.client_id": TENANT,
    "source.auth.client_secret": "{secret: aadsync/entra-client-secret}",
    "scope.groups": "[{prefix: dbx-}]",
    "targets.0.name": "account",
    "targets.0.host": "https://accounts.azuredatabricks.net",
    "targets.0.account_id": TENANT,
    "targets.0.auth.method": "oauth_m2m",
    "targets.0.auth.client_id": TENANT,
    "targets.0.auth.client_secret": "{secret: aadsync/dbx-client-secret}",
    "store.delta": "main.aadsync",
}


@pytest.mark.parametrize("name", [*SETTINGS, *CONNECTOR_SETTINGS])
def test_every_parameter_is_a_setting(name):
    steps = [int(part) if part.isdigit() else part for part in name.split(".")]
    place = setting_key(steps)
    assert place.owner is not None, name
    assert place.annotation is not None, name


def test_widgets_alone_are_enough_for_one_target():
    settings = load_settings(None, ENOUGH)
    assert settings.targets[0].host == "https://accounts.azuredatabricks.net"
    assert settings.store.delta == "main.aadsync"


@pytest.mark.parametrize("name", sorted(set(SETTINGS) - set(ENOUGH)))
def test_every_other_parameter_can_be_left_empty_and_can_be_set(name):
    given = {
        "source.endpoint": "https://graph.contoso.com",
        "targets.0.pace": "0.5",
        "store.sqlite": "./aadsync.db",
        "store.retention_days": "400",
    }
    choices = {one.name: one.choices for one in settings_parameters()}[name]
    value = given.get(name) or (choices[-1] if choices else "7")
    rest = {key: text for key, text in ENOUGH.items() if key[:6] != name[:6] or "store" not in name}
    load_settings(None, {**ENOUGH, name: ""})
    changed = load_settings(None, {**(rest if name == "store.sqlite" else ENOUGH), name: value})
    assert changed != load_settings(None, ENOUGH)


@pytest.mark.parametrize("one", [one for one in settings_parameters() if one.choices], ids=str)
def test_every_choice_is_one_that_the_settings_take_and_the_empty_one_leaves_them_alone(one):
    assert one.default == ""
    for choice in one.choices[1:]:
        problems = problems_with({**ENOUGH, one.name: choice})
        # Another login needs other keys and says so, but not of the method itself.
        assert not [p for p in problems if p.startswith(f"{one.name}:") or ".auth" not in p]


def test_widgets_alone_are_enough_for_a_connector():
    left_alone = dict.fromkeys(CONNECTOR_SETTINGS, "")
    assert load_settings(None, {**ENOUGH, **left_alone}).targets[0].connector is None
    given = {
        "targets.0.connector.name": "contoso-databricks",
        "targets.0.connector.token": "{secret: aadsync/scim}",
        "targets.0.connector.scope": "all",
        "targets.0.connector.assign.groups": "[{prefix: dbx-}]",
        "targets.0.connector.notify": "it@contoso.com",
        "targets.0.connector.delete_threshold": "7",
        "targets.0.connector.enabled": "false",
    }
    assert set(given) == set(CONNECTOR_SETTINGS) <= {p.name for p in parameters_of("connector")}
    connector = load_settings(None, {**ENOUGH, **given}).targets[0].connector
    assert connector.assign.groups[0].prefix == "dbx-"
    assert (connector.delete_threshold, connector.enabled) == (7, False)


def test_no_parameter_of_a_run_is_named_like_a_setting():
    taken = {one.name for one in (p for some in RUN_PARAMETERS.values() for p in some)}
    assert taken & {name.partition(".")[0] for name in Settings.model_fields} == set()


def test_the_job_passes_what_its_notebooks_take():
    kinds = ("plan", "apply", "connector", "report")
    taken = {one.name for kind in kinds for one in parameters_of(kind)}
    of_a_task = {"target", "plan", "planned", "do", "confirm", "watched", *CONNECTOR_SETTINGS}
    assert set(JOB_PARAMETERS) == taken - of_a_task
    assert len(JOB_PARAMETERS) == len(set(JOB_PARAMETERS))


class Lenient:
    """Widgets of a place that takes any value for a drop-down."""

    def __init__(self, **values):
        self.getAll = lambda: values
        self.get = lambda name: values.get(name, "")

    @property
    def widgets(self):
        return self


@pytest.mark.parametrize("value", ["True", "1", "yes"])
def test_plan_only_is_true_or_false_and_nothing_else_passes_for_false(value):
    with pytest.raises(UsageError, match=f"plan_only: found '{value}'; expected false or true"):
        read(Lenient(plan_only=value), parameters_of("plan"))
    assert read(Lenient(plan_only=" true\n"), parameters_of("plan")) == {"plan_only": "true"}


def test_what_is_no_digest_approves_nothing():
    with pytest.raises(UsageError, match=r"approve: 'yes' is no digest; expected sha256: and 64"):
        read(Lenient(approve="yes"), parameters_of("sync"))
    digest = "sha256:" + "0a" * 32
    assert read(Lenient(approve=digest.upper()), parameters_of("sync")) == {"approve": digest}


def test_a_parameter_of_another_task_is_left_alone():
    values = {"environment": "prod", "plan": "p", "full": "true", "name": "contoso"}
    assert read(Lenient(**values), parameters_of("report")) == values


def problems_with(parameters):
    try:
        load_settings(None, parameters)
    except SettingsError as error:
        return error.problems
    return ()


@pytest.mark.parametrize(
    "text",
    [
        "policy.mode: additive\n\n# a remark\npolicy.grace_days:  7\nscope.groups: [{name: 'a; b'}]",
        "policy.mode: additive; policy.grace_days: 7 ;scope.groups: [{name: 'a; b'}];",
    ],
)
def test_lines_of_one_widget_are_settings_of_their_names(text):
    assert read(Lenient(settings=text, full="true"), parameters_of("plan")) == {
        "policy.mode": "additive",
        "policy.grace_days": "7",
        "scope.groups": "[{name: 'a; b'}]",
        "full": "true",
    }


def test_every_wrong_line_is_named_at_once():
    lines = "additive\npolicy.mode: additive\npolicy.mode: mirror\nfull: true\npolicy.leavers: keep"
    with pytest.raises(UsageError) as caught:
        read(Lenient(settings=lines, **{"policy.leavers": "delete"}), parameters_of("plan"))
    assert str(caught.value).splitlines() == [
        "settings: found 'additive'; expected a line such as policy.mode: additive",
        "settings: policy.mode is there twice",
        "settings: policy.leavers has another value than the widget policy.leavers; empty one of them",
        "settings: full is no setting; those have names such as policy.mode",
    ]


def test_a_line_with_an_unknown_name_is_a_problem_of_the_settings():
    values = read(Lenient(settings="policy.mod: additive"), parameters_of("plan"))
    assert [text for text in problems_with({**ENOUGH, **values}) if "did you mean" in text]
