"""Texts that know their own words: only those are put otherwise."""

import copy
import json
import pickle

import pytest

from aadsync_lib.errors import AadsyncError, SettingsError
from aadsync_lib.own_words import joined, own, reworded


def test_only_a_texts_own_words_are_put_otherwise():
    text = joined("about run: ", own("run it"), " run")
    assert text == "about run: run it run"
    assert reworded(text, str.upper) == "about run: RUN IT run"
    assert reworded(joined(text, own("; run")), str.upper) == "about run: RUN IT run; RUN"


@pytest.mark.parametrize(
    "made",
    [str, "{}".format, lambda text: f"{text}", str.strip, lambda text: text[:]],
    ids=["str", "format", "f", "strip", "slice"],
)  # fmt: skip
def test_whatever_is_made_of_it_is_plain(made):
    text = made(own("run it "))
    assert reworded(text, str.upper) == text


@pytest.mark.parametrize(
    "kept", [copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))]
)
def test_a_copy_knows_its_own_words_too(kept):
    assert reworded(kept(joined("run ", own("run"))), str.upper) == "run RUN"


def test_it_is_a_text_wherever_one_is_kept():
    assert json.dumps(own("run")) == '"run"'
    assert {own("run"): 1}["run"] == 1


def test_an_error_keeps_them_in_its_message():
    assert AadsyncError().message == ""
    error = SettingsError("run.yml", ("run: run", own("run")))
    assert str(error) == "run.yml: 2 problems. Nothing was read or changed.\n  run: run\n  run"
    assert reworded(error.message, str.upper) == f"{str(error)[:-3]}RUN"
