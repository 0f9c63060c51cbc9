"""Opaque page and delta tokens. A token carries its own state, signed, so none is kept."""

import base64
import binascii
import hmac
import json
from typing import Any


class TokenError(Exception):
    """A token that this directory did not issue, or one that it has since expired."""

    def __init__(self, *, expired: bool) -> None:
        super().__init__("expired" if expired else "malformed")
        self.expired = expired


class Tokens:
    """Tokens of one purpose. ``expire`` makes every token issued so far invalid."""

    def __init__(self, purpose: str, secret: str) -> None:
        self._key = f"{purpose}/{secret}".encode()
        self._generation = 0

    def expire(self) -> None:
        self._generation += 1

    def issue(self, content: dict[str, Any]) -> str:
        text = json.dumps({"g": self._generation, **content}, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(text) + text).decode().rstrip("=")

    def read(self, token: str) -> dict[str, Any]:
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            raise TokenError(expired=False) from None
        mac, text = raw[:12], raw[12:]
        if not hmac.compare_digest(mac, self._mac(text)):
            raise TokenError(expired=False)
        content: dict[str, Any] = json.loads(text)
        if content.pop("g") != self._generation:
            raise TokenError(expired=True)
        return content

    def _mac(self, text: bytes) -> bytes:
        return hmac.digest(self._key, text, "sha256")[:12]
