"""The address of Graph, and the links from there that may be followed."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from aadsync_lib.errors import SourceError

VERSION = "/v1.0"
PUBLIC = "https://graph.microsoft.com"
PUBLIC_SCOPE = f"{PUBLIC}/.default"  # of its tokens
DEFAULT_PORTS = {"http": 80, "https": 443}
TOKEN = re.compile(r"((?:\$|%24)?(?:skip|delta)token=)[^&]*", re.IGNORECASE)


class Endpoint:
    """Scheme, host, port and version path. A bare host gets the version path."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url.rstrip("/"))
        self.host = parts.hostname or ""
        self.root = f"{parts.scheme}://{parts.netloc}{parts.path or VERSION}"
        port = f":{parts.port}" if parts.port else ""
        default = f":{DEFAULT_PORTS.get(parts.scheme)}"
        host = parts.netloc.removesuffix(port)
        ports = ("", default) if port in ("", default) else (port,)
        self._origins = tuple(f"{parts.scheme}://{host}{end}/".lower() for end in ports)

    def follow(self, link: str) -> str:
        """Return a next link that may be followed.

        It must begin with the configured scheme, host and port, letter by letter: a link that
        points elsewhere would take the token along.
        """
        if not link.lower().startswith(self._origins):
            raise SourceError(
                f"Graph at {self.root} names a next page at another address, {origin(link)}. "
                f"It was not followed and no token went there. Nothing was changed. "
                f"Check source.endpoint, and whether a proxy rewrites addresses."
            )
        return link

    def relative(self, url: str) -> str | None:
        """Return an address as a batch wants it, or ``None`` when it is outside of the version."""
        if url.startswith("/"):
            return url
        return url.removeprefix(self.root) if url.startswith(f"{self.root}/") else None

    def absolute(self, url: str) -> str:
        """Return an address as a single request wants it."""
        return f"{self.root}{url}" if url.startswith("/") else url


def redacted(url: str) -> str:
    """Return an address without the tokens of paging and delta."""
    return TOKEN.sub(r"\1…", url)


def origin(link: str) -> str:
    """Return scheme and host of an address, and nothing that could be secret."""
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):/*(?:[^/?#]*@)?([^/?#@\\\s]{0,255})", link)
    return f"{match[1]}://{match[2]}" if match else "not an address"
