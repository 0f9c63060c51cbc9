"""Reasons of a quarantine, with what causes them and what ends it.

Sources: provisioning_api.md, section 1; Microsoft's page on the quarantine status of an application.
"""

from __future__ import annotations

from collections.abc import Mapping

CHECK = "aadsync connector status lists what fails"
CLEAR = "aadsync connector restart --reset quarantine"
CLEAR_COUNTS = "aadsync connector restart --reset quarantine --reset escrows"
AGAIN = "starts it at once, otherwise Entra tries again by itself"
FOUR_WEEKS = "after four weeks in quarantine Entra stops the job"

REFUSED = (
    "Databricks refuses the credentials: the SCIM token has expired or was revoked, or it belongs to "
    "somebody who is no admin any more; less often, the address is another one"
)
NEW_TOKEN = (
    "make a new SCIM token in the account console (for a workspace: a token of an admin whom this "
    "connector does not provision), store it where connector.token says, and run aadsync connector setup, "
    f"which tries it before it is stored; then {CLEAR}"
)
ADDRESS = (
    "no SCIM service answers at the address that the connector has: it is another one, or Databricks did "
    "not answer as SCIM says"
)
NEW_ADDRESS = (
    "compare connector.base_address with the SCIM address in the account console, and run aadsync connector "
    f"setup; then {CLEAR}"
)
TOO_MANY = (
    "look at the causes below, mend the one with the most objects first, and then {}; " + FOUR_WEEKS
)

REASONS: Mapping[str, tuple[str, str]] = {
    "encounteredquarantineexception": (
        (
            "Entra could not connect to Databricks: most often the SCIM token is not accepted any more, or the "
            "address is wrong"
        ),
        NEW_TOKEN,
    ),
    "encounteredbaseescrowthreshold": (
        "too many objects failed to be provisioned (about 40,000, without references such as members)",
        TOO_MANY.format(f"{CLEAR_COUNTS} begins the count anew"),
    ),
    "encounteredtotalescrowthreshold": (
        "too many operations failed in all (about 60,000, references such as members counted)",
        TOO_MANY.format(f"{CLEAR_COUNTS} begins the count anew"),
    ),
    "encounteredescrowproportionthreshold": (
        "more than two in five operations failed, of at least 5,000",
        TOO_MANY.format(f"{CLEAR_COUNTS} begins the count anew"),
    ),
    "toomanydeletes": (
        (
            "a cycle would have disabled or deleted more than connector.delete_threshold allows; these "
            "deletions are held back (action StagedDelete in the log)"
        ),
        (
            "look in Entra why so many left the scope: assignments, filters, groups. If it is a mistake, mend "
            f"it and run {CLEAR}; if it is meant, aadsync connector restart --reset allow_deletes lets exactly "
            "these deletions through"
        ),
    ),
    "ingestioninterrupted": (
        "Entra was interrupted while it read what changed in the directory",
        (
            f"nothing, if it passes; otherwise {CLEAR}, and if it comes back, aadsync connector restart --reset "
            "watermark reads everything anew"
        ),
    ),
    "quarantinedondemand": (
        "Microsoft saw a problem with this application and put the job into quarantine by hand",
        (
            f"look for a message of Microsoft (Entra: Service health, or the mail to connector.notify), or ask "
            f"its support; then {CLEAR}"
        ),
    ),
    "unknown": (
        "Entra does not say why",
        f"look at the failures below and at the error above; {CLEAR} {AGAIN}",
    ),
}
REASONS = {**REASONS, "quarantineondemand": REASONS["quarantinedondemand"]}  # Microsoft writes both

# By words of the error; the first that fits is nearer to the cause than the reason is.
ERRORS: tuple[tuple[tuple[str, ...], tuple[str, str]], ...] = (
    (
        (
            "invalidcredentials", "credentialvalidation", "unauthorized", "forbidden", "401", "403",
            "invalid credentials", "invalidgrant",
        ),
        (REFUSED, NEW_TOKEN),
    ),
    (("notfound", "not found", "404", "serviceincompatible"), (ADDRESS, NEW_ADDRESS)),
)  # fmt: skip
BY_ERROR = frozenset({"encounteredquarantineexception", "unknown", ""})


def explained(reason: str | None, error: str | None) -> tuple[str, str]:
    """Return what causes a quarantine and what to do, by Graph's reason and its error.

    A reason that is not known has a remedy all the same.
    """
    key = (reason or "").replace(" ", "").lower()
    if key in BY_ERROR and error:
        for words, known in ERRORS:
            if any(word in error.lower() for word in words):
                return known
    if key in REASONS:
        return REASONS[key]
    if not key:
        return REASONS["unknown"]
    return (
        f"Entra gives a reason that this version does not know: {reason}",
        f"look it up in Microsoft's documentation of quarantineReason; {CLEAR} {AGAIN}",
    )
