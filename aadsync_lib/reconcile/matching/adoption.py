"""Adoption: which objects that are not ours may become ours, by ``policy.adopt`` and ``policy.adopt_names``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aadsync_lib.config.policy import Adopt, AdoptWord, Policy
from aadsync_lib.model.account import Account
from aadsync_lib.model.identity import Kind, name_key
from aadsync_lib.reconcile.protection import own_names, protected_names


@dataclass(frozen=True)
class AdoptionRule:
    """The word of each kind, and the names and object ids that are adopted one by one.

    What has one of the ``protected`` names of its kind is never adopted.
    """

    adopt: Adopt
    listed: frozenset[str] = frozenset()
    protected: Mapping[Kind, frozenset[str]] = field(default_factory=dict)

    @staticmethod
    def of(policy: Policy) -> AdoptionRule:
        """Take all of it from the policy."""
        listed = frozenset(map(name_key, policy.adopt_names))
        return AdoptionRule(policy.adopt, listed, protected_names(policy.protected))

    def protects(self, account: Account) -> bool:
        """Return whether an object is protected by what it is called on the target, whosever it is."""
        names = self.protected.get(account.kind, frozenset())
        owner = name_key(account.external_id or account.id)
        return account.admin or not names.isdisjoint((*own_names(account), owner))

    def word(self, kind: Kind, names: Iterable[str | None]) -> AdoptWord:
        """Return the word for an identity of these names and ids.

        A service principal of the same application id is the same identity, so that another externalId
        does not keep it from being taken.
        """
        if self.listed and not self.listed.isdisjoint(name_key(name) for name in names if name):
            return "same_name"
        word = self.adopt.of(kind)
        same = kind is Kind.SERVICE_PRINCIPAL and word != "never"
        return "same_name" if same else word

    def may_take(self, account: Account, *names: str | None) -> bool:
        """Return whether an object of the right name may be taken over by the identity of these names."""
        word = self.word(account.kind, names)
        return word == "same_name" or (word == "unowned" and not account.external_id)


def adopt_setting(kind: Kind, word: AdoptWord) -> str:
    """Return the setting of a kind as a person would write it."""
    return f"policy.adopt.{kind}s: {word}"
