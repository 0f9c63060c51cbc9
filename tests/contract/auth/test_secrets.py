"""Secrets are found where they live, and shown nowhere."""

from __future__ import annotations

import base64
import io
import json
import logging
import pickle
import threading
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aadsync_lib.config.base import SecretRef
from aadsync_lib.errors import CredentialError
from aadsync_lib.secrets import RedactingFilter, Secret, SecretResolver

ENV = SecretRef(env="AADSYNC_TEST_SECRET")
SCOPE = SecretRef(secret="aadsync/entra")
VAULT = SecretRef(key_vault="https://contoso.vault.azure.net/secrets/entra")
SETTING = "source.auth.client_secret"


def holding(value: str) -> SecretResolver:
    """A resolver that has looked this value up."""
    secrets = SecretResolver(lookups={"env": lambda _: value})
    secrets.resolve(ENV, SETTING)
    return secrets


class TestSecret:
    """The value itself."""

    def test_it_shows_nothing_unless_asked(self):
        secret = Secret("hunter2")
        shown = f"{secret} {secret!r} {secret!s:>5} {[secret]} {secret:x>4} {secret!s}"
        assert "hunter2" not in shown
        assert secret.reveal() == "hunter2"

    def test_it_is_not_written_down(self):
        with pytest.raises(TypeError):
            pickle.dumps(Secret("hunter2"))
        with pytest.raises(TypeError):
            json.dumps(Secret("hunter2"))


class TestEnvironment:
    """References of the form {env: NAME}."""

    def test_the_variable_is_read_at_use(self, monkeypatch):
        secrets = SecretResolver()
        monkeypatch.setenv("AADSYNC_TEST_SECRET", "hunter2")
        assert secrets.resolve(ENV, SETTING).reveal() == "hunter2"

    def test_a_missing_one_names_the_variable_and_the_setting(self, monkeypatch):
        monkeypatch.delenv("AADSYNC_TEST_SECRET", raising=False)
        with pytest.raises(CredentialError) as caught:
            SecretResolver().resolve(ENV, SETTING)
        assert str(caught.value) == (
            "source.auth.client_secret: the environment variable AADSYNC_TEST_SECRET is not set. "
            "Set it, or change the reference."
        )

    @pytest.mark.parametrize("value", ["", "\n"])
    def test_an_empty_one_is_a_problem(self, monkeypatch, value):
        monkeypatch.setenv("AADSYNC_TEST_SECRET", value)
        with pytest.raises(CredentialError, match="is empty"):
            SecretResolver().resolve(ENV, SETTING)

    @pytest.mark.parametrize("value", ["x", "xyz", "xyz\n"])
    def test_one_that_is_a_part_of_words_is_a_problem_and_hides_no_letters(
        self, monkeypatch, value
    ):
        monkeypatch.setenv("AADSYNC_TEST_SECRET", value)
        secrets = SecretResolver()
        with pytest.raises(CredentialError) as caught:
            secrets.resolve(ENV, SETTING)
        assert str(caught.value).startswith(
            "source.auth.client_secret: env AADSYNC_TEST_SECRET is shorter than 4 characters"
        )
        assert secrets.redact("it has expired, xyz") == "it has expired, xyz"

    def test_the_line_end_of_a_pipe_is_no_part_of_it(self, monkeypatch):
        monkeypatch.setenv("AADSYNC_TEST_SECRET", "hunter2\r\n")
        assert SecretResolver().resolve(ENV, SETTING).reveal() == "hunter2"


class TestScope:
    """References of the form {secret: scope/key}."""

    def test_a_notebook_reads_it_through_dbutils(self):
        dbutils = SimpleNamespace(get=lambda scope, key: f"{scope} of {key}")
        secrets = SecretResolver(dbutils_secrets=dbutils)
        assert secrets.resolve(SCOPE, SETTING).reveal() == "aadsync of entra"

    def test_a_laptop_reads_it_through_the_sdk_which_gives_base64(self, monkeypatch):
        self.workspace(monkeypatch, base64.b64encode("hünter2".encode()).decode())
        assert SecretResolver().resolve(SCOPE, SETTING).reveal() == "hünter2"

    @pytest.mark.parametrize("value", ["%%%", base64.b64encode(b"\xff\xfe").decode()])
    def test_what_is_not_text_is_a_problem_that_does_not_show_it(self, monkeypatch, value):
        self.workspace(monkeypatch, value)
        with pytest.raises(CredentialError, match="aadsync/entra is not text") as caught:
            SecretResolver().resolve(SCOPE, SETTING)
        assert value not in str(caught.value)
        assert caught.value.__cause__ is None

    def test_an_absent_value_is_empty(self, monkeypatch):
        self.workspace(monkeypatch, None)
        with pytest.raises(CredentialError, match="is empty"):
            SecretResolver().resolve(SCOPE, SETTING)

    def test_a_refusal_says_what_to_check(self):
        class RefusingError(Exception):
            pass

        def refuse(scope, key):
            raise RefusingError

        with pytest.raises(CredentialError) as caught:
            SecretResolver(dbutils_secrets=SimpleNamespace(get=refuse)).resolve(SCOPE, SETTING)
        assert str(caught.value) == (
            "source.auth.client_secret: secret aadsync/entra could not be read (RefusingError). Check "
            "that it exists and that the identity this runs as may read it."
        )

    def workspace(self, monkeypatch, value):
        class Client:
            secrets = SimpleNamespace(get_secret=lambda scope, key: SimpleNamespace(value=value))

        monkeypatch.setattr("databricks.sdk.WorkspaceClient", Client)


class TestKeyVault:
    """References of the form {key_vault: url}: what reads them takes a login, which settings tell."""

    def test_a_resolver_without_settings_says_that_it_reads_none(self):
        with pytest.raises(CredentialError, match="is not read here"):
            SecretResolver().resolve(VAULT, SETTING)

    def test_the_lookup_is_told_for_which_setting_it_reads(self):
        asked = []
        secrets = SecretResolver()
        secrets.read_vaults_by(lambda url, setting: asked.append((url, setting)) or "hunter2")
        assert secrets.resolve(VAULT, SETTING).reveal() == "hunter2"
        assert asked == [(VAULT.key_vault, SETTING)]


class TestRun:
    """One resolver serves one run."""

    def test_each_secret_is_looked_up_once_from_any_number_of_threads(self):
        looked = []
        secrets = SecretResolver(lookups={"env": lambda name: looked.append(name) or "hunter2"})
        threads = [threading.Thread(target=secrets.resolve, args=(ENV, SETTING)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert looked == ["AADSYNC_TEST_SECRET"]

    def test_a_failed_lookup_is_tried_again(self, monkeypatch):
        secrets = SecretResolver()
        monkeypatch.delenv("AADSYNC_TEST_SECRET", raising=False)
        with pytest.raises(CredentialError):
            secrets.resolve(ENV, SETTING)
        monkeypatch.setenv("AADSYNC_TEST_SECRET", "hunter2")
        assert secrets.resolve(ENV, SETTING).reveal() == "hunter2"


class TestRedaction:
    """No text that passes through holds a secret."""

    @given(st.text(st.characters(codec="utf-8"), min_size=6), st.text(), st.text())
    def test_no_resolved_secret_stays_in_any_text(self, value, before, after):
        value = f"Zq7x{value}".rstrip("\r\n")
        assert value not in holding(value).redact(f"{before}{value}{after}")

    @pytest.mark.parametrize(
        "written", ['a+b/c~&ä"', "a%2Bb%2Fc~%26%C3%A4%22", 'a+b/c~&\\u00e4\\"']
    )
    def test_it_is_found_in_bodies_and_addresses_as_well(self, written):
        assert holding('a+b/c~&ä"').redact(f"x={written}&y") == "x=***&y"

    def test_a_line_of_a_certificate_is_hidden_on_its_own(self):
        pem = (
            "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nabc\n-----END PRIVATE KEY-----"
        )
        assert holding(pem).redact("at MIIEvQIBADANBgkqhkiG9w0B") == "at ***"

    def test_the_longest_goes_first(self):
        secrets = holding("hunter2")
        secrets.hide("hunter2-and-more")
        secrets.hide("")
        assert secrets.redact("hunter2-and-more hunter2") == "*** ***"

    def test_text_without_secrets_stays_as_it_is(self):
        assert SecretResolver().redact("nothing here") == "nothing here"

    def test_log_records_are_redacted_with_their_arguments_and_traces(self):
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.addFilter(RedactingFilter(holding("hunter2")))
        log = logging.Logger("test")
        log.addHandler(handler)
        log.warning("sent %s", {"key": "hunter2"}, stack_info=True)
        try:
            int("not hunter2")
        except ValueError:
            log.exception("failed with %s", "hunter2")
        assert "hunter2" not in stream.getvalue()
        assert "sent {'key': '***'}" in stream.getvalue()
        assert "literal for int() with base 10: 'not ***'" in stream.getvalue()
