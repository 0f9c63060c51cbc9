"""Applications as Graph shows them."""

from __future__ import annotations

import base64

import pytest

from aadsync_lib.connector.registration.certificate import mark_of, new_certificate
from aadsync_lib.connector.registration.credential import CredentialKind
from aadsync_lib.connector.registration.registry import application_from

ROW = {"id": "1", "appId": "2", "displayName": None, "notes": None}


def certificate_in(**entry):
    (found,) = application_from({**ROW, "keyCredentials": [{"keyId": "k", **entry}]}).certificates
    return found


def test_a_certificate_is_known_by_itself_and_by_its_thumbprint():
    made = new_certificate("aadsync-contoso", 1_750_000_000.0, 86_400.0)
    mark = mark_of(CredentialKind.CERTIFICATE, made.pem)
    thumbprint = base64.b64encode(bytes.fromhex(mark)).decode()
    assert certificate_in(key=made.der).mark == mark
    assert certificate_in(key=None, customKeyIdentifier=thumbprint).mark == mark
    assert certificate_in(customKeyIdentifier="a").mark == ""
    assert certificate_in().mark == ""


def test_times_are_utc_whatever_they_lack():
    for text in ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:05"):
        assert int(certificate_in(endDateTime=text).ends) == 1_767_323_045
    assert certificate_in(endDateTime=None).ends == 0.0


@pytest.mark.parametrize("value", ["no certificate", "-----BEGIN CERTIFICATE-----\nAA==\n"])
def test_what_is_no_certificate_is_somebody_elses(value):
    assert mark_of(CredentialKind.CERTIFICATE, value) == "?"
    assert mark_of(CredentialKind.CERTIFICATE, "") == ""


def test_a_new_certificate_shows_no_key():
    made = new_certificate("aadsync-contoso", 1_750_000_000.0, 86_400.0)
    assert "PRIVATE" not in repr(made)
    assert (made.ends - made.begins).total_seconds() == 86_400 + 600
