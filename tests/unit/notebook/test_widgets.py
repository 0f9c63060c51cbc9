"""Widgets: few, numbered, named as settings and parameters are, and as a login needs them."""

import re

import pytest

from aadsync_lib.config.keys import bare, method_of, setting_key, union_of_sections
from aadsync_lib.notebook.parameters import KNOWN, RUN_PARAMETERS, parameters_of
from aadsync_lib.notebook.widgets import (
    FIRST,
    MODELS,
    ask,
    chosen,
    declare,
    widgets_of,
)
from tests.workspace_lab.process.widgets import Widgets

KINDS = sorted(RUN_PARAMETERS)
METHODS = {
    side: [method_of(arm) for arm in union_of_sections(bare(model.model_fields["auth"].annotation))]
    for side, model in MODELS.items()
}
EVERY_LOGIN = [(side, method) for side, methods in METHODS.items() for method in methods]


class Dbutils:
    def __init__(self, *, interactive=True, **parameters):
        self.widgets = Widgets(parameters, interactive=interactive)


def shown(dbutils):
    return dbutils.widgets.getAll()


@pytest.mark.parametrize("kind", KINDS)
def test_a_notebook_has_at_most_eight_widgets_with_numbered_labels(kind):
    widgets = widgets_of(kind)
    assert 1 <= len(widgets) <= 8
    for number, widget in enumerate(widgets, 1):
        assert re.fullmatch(rf"{number} [A-Z][A-Za-z -]+", widget.label)
    assert widgets[0].name == "config"
    assert widgets[0].label == "1 Settings file"


@pytest.mark.parametrize("kind", KINDS)
def test_a_widget_is_a_parameter_or_a_setting_by_its_own_name(kind):
    taken = {parameter.name for parameter in parameters_of(kind)}
    for widget in widgets_of(kind):
        assert widget.name in KNOWN or setting_key(_steps(widget.name)).owner
        assert widget.name not in KNOWN or widget.name in taken


@pytest.mark.parametrize(("side", "method"), EVERY_LOGIN)
def test_every_login_asks_for_a_key_of_its_own_and_for_none_of_another(side, method):
    widgets = widgets_of("setup", methods={**FIRST, side: method})
    assert len(widgets) <= 8
    arm = next(
        arm for arm in union_of_sections(bare(MODELS[side].model_fields["auth"].annotation))
        if method_of(arm) == method
    )  # fmt: skip
    asked = {w.name.removeprefix(f"{side}.") for w in widgets if w.name.startswith(f"{side}.")}
    keys = set(arm.model_fields) - {"method"}
    assert asked - {"method"} <= keys
    assert bool(asked - {"method"}) is bool(keys)


def test_a_drop_down_offers_what_can_be_completed_in_a_workspace():
    [login] = [widget for widget in widgets_of("setup") if widget.name == "source.auth.method"]
    assert set(METHODS["source.auth"]) - set(login.choices) == {"azure_cli", "workload_identity"}
    assert login.default == "client_secret"


def test_what_a_file_or_a_job_chose_is_in_the_drop_down_whatever_it_is():
    dbutils = Dbutils(interactive=False, **{"source.auth.method": "azure_cli"})
    ask(dbutils, {}, {}, interactive=False)
    assert shown(dbutils)["source.auth.method"] == "azure_cli"
    assert chosen(Dbutils(), {"targets.0.auth": "pat"}) == {
        "source.auth": "client_secret",
        "targets.0.auth": "pat",
    }


def test_the_widget_of_a_login_that_is_no_longer_chosen_goes():
    dbutils = Dbutils()
    ask(dbutils, {}, {}, interactive=True)
    assert "source.auth.client_id" in shown(dbutils)
    ask(dbutils, {}, {"source.auth": "service_credential"}, interactive=True)
    assert "source.auth.client_id" in shown(dbutils)  # what the person has chosen beats the file
    fresh = Dbutils(**{"source.auth.method": "service_credential"})
    widgets = ask(fresh, {}, {}, interactive=True)
    assert set(shown(fresh)) == {widget.name for widget in widgets}
    assert "source.auth.name" in shown(fresh)
    assert "source.auth.client_id" not in shown(fresh)
    assert "targets.0.auth.client_id" in shown(fresh)


def test_the_settings_file_stands_in_its_widget_unless_somebody_names_another():
    for given, expected in (({}, "/Workspace/a.yml"), ({"config": "b.yml"}, "b.yml")):
        dbutils = Dbutils(interactive=False, **given)
        declare(dbutils, widgets_of("plan", {"config": "/Workspace/a.yml"}))
        assert shown(dbutils)["config"] == expected


def _steps(name):
    return [int(part) if part.isdigit() else part for part in name.split(".")]
