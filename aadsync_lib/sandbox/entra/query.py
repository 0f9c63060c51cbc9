"""The OData query options of one request."""

import re
from dataclasses import dataclass
from typing import Self

from starlette.requests import Request

from aadsync_lib.sandbox.entra import odata
from aadsync_lib.sandbox.entra.errors import bad_request, unsupported
from aadsync_lib.sandbox.entra.kinds import JsonObject, Kind

_ID_IN = re.compile(r"\s*id\s+in\s*\(((?:\s*'[^']*'\s*,?)+)\)\s*", re.IGNORECASE)
PAGE = 100
LARGEST_PAGE = 999
_REFUSED = {
    "skip": "'$skip' is not supported by the service.",
    "orderby": "Sorting not supported for current query.",
    "search": "$search is not supported by the sandbox.",
    "expand": "$expand is not supported by the sandbox: it truncates in silence.",
}


@dataclass(frozen=True, slots=True)
class Query:
    """The options of a query. ``advanced`` is Graph's word for eventual plus $count."""

    select: tuple[str, ...] | None
    top: int
    filter: str | None
    count: bool
    eventual: bool
    skip_token: str | None
    delta_token: str | None
    order: str | None = None
    expand: str | None = None

    @property
    def advanced(self) -> bool:
        return self.count and self.eventual

    @classmethod
    def of(cls, request: Request, allowed: tuple[str, ...] = ()) -> Self:
        """Read the options; the leading $ is optional, as it is for Graph.

        ``allowed`` are those that are taken here and refused elsewhere.
        """
        options = {k.removeprefix("$").lower(): v for k, v in request.query_params.items()}
        for name, message in _REFUSED.items():
            if name in options and name not in allowed:
                raise unsupported(message)
        select = options.get("select")
        return cls(
            None if select is None else tuple(name.strip() for name in select.split(",")),
            _page_size(options.get("top")),
            options.get("filter"),
            options.get("count", "").lower() == "true",
            request.headers.get("ConsistencyLevel", "").lower() == "eventual",
            options.get("skiptoken"),
            options.get("deltatoken"),
            options.get("orderby"),
            options.get("expand"),
        )

    @property
    def named(self) -> tuple[str, ...] | None:
        """The ids of a filter that is ``id in (…)`` alone, so that nobody else has to be looked at."""
        listed = _ID_IN.fullmatch(self.filter or "")
        return tuple(re.findall("'([^']*)'", listed[1])) if listed else None

    def matches(self, knows: odata.Knows, dialect: odata.Dialect) -> odata.Predicate | None:
        """The compiled filter over what is no directory object."""
        return None if self.filter is None else odata.parse(self.filter, knows, dialect).matches

    def predicate(self, kind: Kind | None) -> odata.Predicate | None:
        """The compiled filter, refused when it needs the advanced options and lacks them."""
        if self.filter is None:
            return None
        parsed = odata.parse(self.filter, kind.knows if kind else lambda _: True)
        if parsed.advanced and not self.advanced:
            raise unsupported("Unsupported or invalid query filter clause specified.")
        return parsed.matches

    def fields(self, kind: Kind) -> tuple[str, ...]:
        """The properties to return of one type; an unknown one is refused."""
        if self.select is None:
            return kind.default
        for name in self.select:
            if not kind.knows(name):
                raise bad_request(
                    f"Parsing OData Select and Expand failed: Could not find a property named "
                    f"'{name}' on type 'microsoft.graph.{kind.name}'."
                )
        return self.select if "id" in self.select else ("id", *self.select)


def _page_size(text: str | None) -> int:
    if text is None:
        return PAGE
    if not text.isdigit() or not 1 <= int(text) <= LARGEST_PAGE:
        raise unsupported(
            f"Invalid page size specified: '{text}'. Must be between 1 and {LARGEST_PAGE} inclusive."
        )
    return int(text)


def project(item: JsonObject, fields: tuple[str, ...]) -> JsonObject:
    """The chosen properties; one that was never set is null."""
    get = item.get
    return {name: get(name) for name in fields}
