"""The JSON Schema that the wheel carries."""

from __future__ import annotations

import json
import runpy
import warnings

import jsonschema
import pytest
import yaml

from aadsync_lib.config import schema
from aadsync_lib.config.schema import SCHEMA, schema_text
from tests.unit.config.files import FULL, SMALL, small


def test_the_file_is_what_the_models_say():
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), (
        "run `python -m aadsync_lib.config.schema`"
    )


@pytest.mark.parametrize("text", [SMALL, FULL])
def test_a_good_file_fits_the_schema(text):
    jsonschema.validate(yaml.safe_load(text), json.loads(schema_text()))


def test_an_unknown_key_does_not_fit_the_schema():
    with pytest.raises(jsonschema.ValidationError, match="polcy"):
        jsonschema.validate({**small(), "polcy": {}}, json.loads(schema_text()))


@pytest.mark.parametrize(
    ("adopt", "fits"),
    [("never", True), ({"groups": "never"}, True), ("always", False), ({"teams": "never"}, False)],
)
def test_adopt_is_a_word_or_a_word_for_each_kind(adopt, fits):
    validator = jsonschema.Draft202012Validator(json.loads(schema_text()))
    assert validator.is_valid({**small(), "policy": {"adopt": adopt}}) is fits


def test_the_schema_is_one_that_editors_understand():
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text()))


def test_running_the_module_writes_the_file(monkeypatch, tmp_path):
    written = tmp_path / "aadsync.schema.json"
    monkeypatch.setattr("pathlib.Path.with_name", lambda _path, _name: written)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the module is imported above as well
        runpy.run_module(schema.__name__, run_name="__main__")
    assert written.read_text(encoding="utf-8") == schema_text()
