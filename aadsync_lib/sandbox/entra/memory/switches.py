"""Switches of the provisioning service, for what Microsoft documents in two ways or leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class ProvisioningSwitches:
    """Behaviour of every job of a tenant; the defaults are the likelier or the stricter answers."""

    new_job: Literal["Paused", "NotConfigured"] = "Paused"
    """``status.code`` of a job that was only created."""
    new_interval: Literal["PT40M", "P10675199DT2H48M5.4775807S"] = "PT40M"
    """``schedule.interval`` of such a job; the second is never."""
    second_job: Literal["made", "refused"] = "made"
    """A second job of one template for one application."""
    order: Literal["any", "job_first", "secrets_first"] = "any"
    """Which has to be there before the other is taken; the wrong order is answered with 409."""
    job_not_found: int = 0
    """So many requests for a new job are answered with 404."""
    secrets_late: int = 0
    """So many reads of the secrets show what was there before the last PUT."""
    credentials_limit: int | None = None
    """Most characters of all secrets together: 1024 in US Government."""
    validation_code: str = ""
    """``error.code`` of credentials that are not accepted; empty is the connector's own."""
    threshold_without_notice: Literal["accepted", "refused"] = "accepted"
    """Prevention of accidental deletions without an address to notify."""
    threshold_from: Literal["both", "secrets", "settings"] = "both"
    """Where the threshold counts: in ``SyncNotificationSettings``, or in the job's settings."""

    rule_suffix: Literal["#V2", ""] = "#V2"
    """At the end of the rule's id in the default schema."""
    directories: Literal["expanded", "inline"] = "expanded"
    """Whether a schema shows its directories only when they are asked for."""
    put_without_directories: Literal["kept", "refused"] = "kept"
    operators_in_capitals: bool = False
    """Names of all filter operators; else they are written as the portal's page has them."""
    unknown_attributes: Literal["refused", "accepted"] = "refused"
    """Mappings to or from an attribute that no directory of the schema has."""

    on_demand: Literal["result", "status_info"] = "result"
    """Shape of the answer to provisionOnDemand."""
    on_demand_group: Literal["empty", "object"] = "empty"
    """What the first shape says of a group besides its result."""
    on_demand_late: int = 0
    """So many more calls of provisionOnDemand do not see who was assigned."""
    log_principal: Literal["object", "list"] = "object"
    """``servicePrincipal`` in the log."""
    log_order: Literal["asked", "oldest"] = "asked"
    """The log comes as ``$orderby`` says, or oldest first whatever that says."""
    log_late: int = 0
    """So many of the newest entries are not in the log yet."""

    special_names: Literal["match", "no_match"] = "match"
    """Whether what is there under a name with special characters is found."""
    throttled: float | None = None
    """The published limit of five requests in ten seconds to provisionOnDemand and to the log, so
    many times as fast; ``None`` is no limit."""

    cycles: Literal["manual", "due"] = "manual"
    """Cycles run when the admin endpoint says so; or also when jobs are read and their time has come."""
    objects_per_read: int = 0
    """So many objects of a cycle that is due are done in one read of the job; 0 is all."""
    after_pause: Literal["ends", "stays"] = "ends"
    """A cycle that is under way when its job is paused goes on to its end, or stays as it is for ever."""
    pausing_code: Literal["Paused", "Active"] = "Paused"
    """``status.code`` of a paused job whose cycle is still under way."""
    base_escrows: int = 40_000
    """Objects that fail, references apart, which bring a job into quarantine."""
    total_escrows: int = 60_000
    """The same with references to members counted."""
    escrow_share: float = 0.4
    escrow_share_from: int = 5000
    """Share of the objects of a cycle that does, where it has so many objects."""
    pruned_from: int | None = None
    """Failures in a first cycle after which the service gives up on them and waits for a person."""
