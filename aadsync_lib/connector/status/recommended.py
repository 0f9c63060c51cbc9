"""Recommended actions for codes of the provisioning log, where its rows bring none.

By Microsoft's list of error codes of the provisioning logs, in our words and for Databricks.
"""

from __future__ import annotations

from collections.abc import Mapping

from aadsync_lib.own_words import own

CONFLICT = (
    "Databricks has another object with this value. Change one of the two, or the matching attribute of the "
    "mapping if the object there was meant to be taken over."
)
RIGHTS = (
    "Databricks let Entra in and refused the change: look whether the token belongs to an admin, and at what "
    "the object is there (a group of Databricks itself, a protected user)."
)
MISSING = (
    "Fill in the attribute that is named, in Entra, or give it a default in connector.mappings."
)
RETRIED = "Nothing: Entra tries again by itself. Look again after some cycles."
DUPLICATES = "Leave one of the objects with this matching attribute on Databricks, or match by another attribute."
CREDENTIALS = (
    "Make a new SCIM token, store it where connector.token says, and run aadsync connector setup."
)
ANSWER = (
    "Databricks answered otherwise than SCIM says: look whether connector.base_address is right; if it is, "
    "try again later and ask Databricks."
)

RECOMMENDED: Mapping[str, str] = {
    "conflict": CONFLICT,
    "entryconflict": CONFLICT,
    "systemforcrossdomainidentitymanagementconflict": CONFLICT,
    "insufficientrights": RIGHTS,
    "methodnotallowed": RIGHTS,
    "notpermitted": RIGHTS,
    "unauthorized": CREDENTIALS,
    "systemforcrossdomainidentitymanagementinvalidcredentials": CREDENTIALS,
    "systemforcrossdomainidentitymanagementcredentialvalidationfailure": CREDENTIALS,
    "toomanyrequests": RETRIED,
    "internalservererror": RETRIED,
    "internalerror": RETRIED,
    "timeout": RETRIED,
    "webexceptionprotocolerror": RETRIED,
    "unprocessableentity": ANSWER,
    "notimplemented": ANSWER,
    "systemforcrossdomainidentitymanagementserviceincompatible": ANSWER,
    "mandatoryfieldsmissing": MISSING,
    "missingvalues": MISSING,
    "importskipped": MISSING,
    "schemaattributenotfound": (
        "The mapping names an attribute that Databricks does not have: take it out of connector.mappings."
    ),
    "schemapropertycanonlyacceptvalue": (
        "The attribute takes one value on Databricks, and Entra has several: map one of them."
    ),
    "invalidanchor": (
        "The object that Entra remembers is gone from Databricks. aadsync connector restart --reset full "
        "matches everybody anew; it forgets every match."
    ),
    "duplicatetargetentries": DUPLICATES,
    "systemforcrossdomainidentitymanagementmultipleentriesinresponse": DUPLICATES,
    "duplicatesourceentries": (
        "Several objects of Entra have this matching attribute: make it another one in all but one of them."
    ),
    "invaliddomain": "Correct the domain of the user name in Entra, or let Databricks take that domain.",
    "licenselimitexceeded": "Databricks takes no more users: make room there, or have the limit raised.",
    "entrysynchronizationskipped": (
        "Look whether the object is assigned and passes the filters; aadsync connector compare says why not."
    ),
}


def recommendation(code: str | None) -> str | None:
    """Return what to do about a code of the log; ``None`` for one that is not known."""
    known = RECOMMENDED.get((code or "").replace(" ", "").lower())
    return None if known is None else own(known)
