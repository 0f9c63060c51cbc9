"""Scoping filters of a schema, judged as Entra judges them.

Comparisons regard case, and a clause on an empty attribute is false: both are otherwise in ``scope.users``.
Sources: provisioning_api.md, section 3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from aadsync_lib.connector.compare.model import Clause, Filter
from aadsync_lib.model.directory import AttributeValue
from aadsync_lib.responses import JsonObject

Values = Callable[[str], AttributeValue]

# Names of the provisioning service that Graph has another name for.
GRAPH_NAMES: Mapping[str, str] = {
    "dirsyncenabled": "onPremisesSyncEnabled",
    "objectid": "id",
    "mobile": "mobilePhone",
    "physicaldeliveryofficename": "officeLocation",
}
READABLE = {
    name.lower(): name
    for name in (
        "accountEnabled", "ageGroup", "city", "companyName", "consentProvidedForMinor", "country",
        "creationType", "department", "displayName", "employeeId", "employeeType", "externalUserState",
        "faxNumber", "givenName", "id", "jobTitle", "legalAgeGroupClassification", "mail", "mailNickname",
        "mobilePhone", "officeLocation", "onPremisesDistinguishedName", "onPremisesDomainName",
        "onPremisesImmutableId", "onPremisesSamAccountName", "onPremisesSecurityIdentifier",
        "onPremisesSyncEnabled", "onPremisesUserPrincipalName", "postalCode", "preferredLanguage", "state",
        "streetAddress", "surname", "usageLocation", "userPrincipalName", "userType",
    )
}  # fmt: skip


def graph_name(attribute: str) -> str | None:
    """Return what Graph calls a source attribute; ``None`` for one that Graph could refuse to read."""
    known = GRAPH_NAMES.get(attribute.lower(), attribute)
    return READABLE.get(known.lower())


def attributes_of(filter_: Filter) -> tuple[str, ...]:
    """Return Graph's names of the attributes that a filter of people names, as far as there are any."""
    names = (graph_name(clause.attribute) for clauses in filter_ for clause in clauses)
    return tuple(dict.fromkeys(name for name in names if name))


def filter_of(mapping: JsonObject) -> Filter:
    """Return the filter of an object mapping, from its JSON."""
    scope = mapping.get("scope")
    groups = scope.get("groups") if isinstance(scope, dict) else None
    lists = (tuple(_clauses(group)) for group in _objects(groups))
    return tuple(clauses for clauses in lists if clauses)


def _clauses(group: JsonObject) -> Iterator[Clause]:
    for row in _objects(group.get("clauses")):
        operand = row.get("targetOperand")
        values = operand.get("values") if isinstance(operand, dict) else None
        texts = tuple(str(value) for value in values) if isinstance(values, list) else ()
        yield Clause(
            str(row.get("sourceOperandName") or ""), str(row.get("operatorName") or ""), texts
        )


def failing(filter_: Filter, values: Values) -> str | None:
    """Return why a filter leaves somebody out; ``None`` where it lets them pass, or cannot be judged."""
    if not filter_:
        return None
    judged = [[(clause, holds(clause, values)) for clause in clauses] for clauses in filter_]
    if any(all(held is not False for _, held in clauses) for clauses in judged):
        return None
    clause = next(clause for clauses in judged for clause, held in clauses if held is False)
    return f"filter: {clause} does not hold{_because(clause, values)}"


def unjudged(filter_: Filter, values: Values) -> tuple[str, ...]:
    """Return the clauses that nobody outside of Entra can judge: of an unknown operator or attribute."""
    clauses = (clause for clauses in filter_ for clause in clauses)
    return tuple(str(clause) for clause in clauses if holds(clause, values) is None)


def _because(clause: Clause, values: Values) -> str:
    """Say in which way a clause fails that ``scope.users`` would judge otherwise."""
    value = _text(values(clause.attribute))
    if value is None:
        return f": {clause.attribute} is empty, and a clause on an empty attribute is false"
    folded = Clause(clause.attribute, clause.operator, tuple(v.lower() for v in clause.values))
    if value != value.lower() or folded.values != clause.values:
        lowered = value.lower()
        if holds(folded, lambda _: lowered):
            return f": it is {value!r}, and the connector compares with regard to case"
    return f": it is {value!r}"


def holds(clause: Clause, values: Values) -> bool | None:
    """Return whether a clause holds; ``None`` where its operator or attribute is not known here."""
    operator = re.sub(r"[\s_]+", " ", clause.operator).strip().upper()
    try:
        value = _text(values(clause.attribute))
    except KeyError:
        return None
    if operator in ("IS NULL", "IS NOT NULL"):
        return (value is None) == (operator == "IS NULL")
    if operator in ("IS TRUE", "IS FALSE"):
        return value is not None and value.lower() == operator.removeprefix("IS ").lower()
    test = OPERATORS.get(operator)
    if test is None:
        return None
    try:
        return value is not None and test(value, clause.values)
    except re.error:  # .NET knows expressions that Python does not
        return None


def _matches(value: str, patterns: Sequence[str]) -> bool:
    return any(re.search(pattern, value) for pattern in patterns)


OPERATORS: Mapping[str, Callable[[str, Sequence[str]], bool]] = {
    "EQUALS": lambda value, wanted: value in wanted,
    "NOT EQUALS": lambda value, wanted: value not in wanted,
    "REGEX MATCH": _matches,
    "NOT REGEX MATCH": lambda value, wanted: not _matches(value, wanted),
    "STARTS WITH": lambda value, wanted: value.startswith(tuple(wanted)),
    "ENDS WITH": lambda value, wanted: value.endswith(tuple(wanted)),
    "INCLUDES": lambda value, wanted: any(part in value for part in wanted),
}


def _text(value: AttributeValue) -> str | None:
    """Return a value as Entra compares it: text, with ``True`` and ``False`` for switches."""
    if isinstance(value, bool):
        return str(value)
    return value or None


def _objects(value: object) -> Iterator[JsonObject]:
    values = value if isinstance(value, list) else []
    return (each for each in values if isinstance(each, dict))
