"""What the sandbox is told in docs/connector.md: python connector.py scope|cycle ADDRESS."""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.request import Request, urlopen

WORDS = {
    "scope": ("api/2.0/secrets/scopes/create", {"scope": "aadsync"}, "A secret scope is there."),
    "cycle": ("_sandbox/provisioning", {}, "Entra has run a cycle."),
}


def main(word: str, address: str, token: str = "") -> None:
    """Send one request to a running sandbox."""
    path, body, done = WORDS[word]
    _post(f"{address}/{path}", body, token)
    sys.stdout.write(f"{done}\n")


def _post(url: str, body: dict[str, Any], token: str) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    with urlopen(Request(url, json.dumps(body).encode(), headers)) as answer:  # noqa: S310  loopback
        answer.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
