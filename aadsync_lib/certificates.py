"""Times of certificates in UTC, whichever version of cryptography reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


def validity(certificate: Certificate) -> tuple[datetime, datetime]:
    """Return from when until when a certificate is valid.

    Source: changelog of cryptography 42, which brought the names with ``_utc``; runtime 15.4 LTS has 41.
    """
    if hasattr(certificate, "not_valid_after_utc"):
        return certificate.not_valid_before_utc, certificate.not_valid_after_utc
    begins, ends = certificate.not_valid_before, certificate.not_valid_after
    return begins.replace(tzinfo=UTC), ends.replace(tzinfo=UTC)
