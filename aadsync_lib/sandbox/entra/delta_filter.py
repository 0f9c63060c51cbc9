"""The only $filter that delta takes: up to fifty objects by id."""

import re

from aadsync_lib.sandbox.entra.errors import unsupported

MOST = 50
_TERM = re.compile(r"\s*id\s+eq\s+'([^']+)'\s*", re.IGNORECASE)


def parse_ids(text: str) -> tuple[str, ...]:
    """The ids of ``id eq 'a' or id eq 'b'``."""
    terms = [_TERM.fullmatch(term) for term in re.split(r"\bor\b", text, flags=re.IGNORECASE)]
    found = [term.group(1) for term in terms if term is not None]
    if len(found) != len(terms) or len(found) > MOST:
        raise unsupported(f"Delta supports $filter on at most {MOST} objects by id only.")
    return tuple(found)
