"""Requests and answers of decisions; the same structs in Python and over HTTP."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(min_length=1, max_length=512)]
Value = str | int | float | bool | None


class Request(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which offers to show to a person now.

    Values that are not given come from the publication, as of its cycle: the segments of the
    person, the usual context, activity and scope. An unknown person is ranked by the given values.
    """

    profile_id: Annotated[Name, Meta(description="The person or device.")]
    strategy_id: Annotated[
        Name | None, Meta(description="Ranking strategy; may be left out if there is only one.")
    ] = None
    placements: Annotated[
        Annotated[list[Name], Meta(max_length=50)] | None,
        Meta(description="Placements to fill; all of the strategy if left out."),
    ] = None
    k: Annotated[
        Annotated[int, Meta(ge=1, le=1000)] | None,
        Meta(description="Offers per placement, at most those of the strategy."),
    ] = None
    segments: Annotated[
        Annotated[list[Name], Meta(max_length=1000)] | None,
        Meta(description="All segments the person is in now."),
    ] = None
    context: Annotated[
        Annotated[dict[str, Value], Meta(max_length=1000)] | None,
        Meta(description="Context features now, e.g. device; null and blank are not given."),
    ] = None
    offer_ids: Annotated[
        Annotated[list[Name], Meta(max_length=10_000)] | None,
        Meta(description="Rank these offers, even if a rule withholds them."),
    ] = None
    activity_id: Name | None = None
    scope_id: Name | None = None
    request_id: Annotated[Name | None, Meta(description="Returned as it is.")] = None


class Item(msgspec.Struct, frozen=True):
    """One offer of a proposition."""

    rank: Annotated[int, Meta(description="From 1.")]
    offer_id: str
    offer_name: str | None
    score: Annotated[
        float | None,
        Meta(description="P(success) or expected value; null before the first model."),
    ]
    propensity: Annotated[float, Meta(description="P(this offer at this rank), in (0, 1].")]


class Proposition(msgspec.Struct, frozen=True):
    """The offers of one placement, best first."""

    proposition_id: str
    placement_id: str
    activity_id: str
    scope_id: str
    traffic_type: Annotated[str, Meta(description="random, contextual or noncontextual.")]
    is_exploration: bool
    policy: Annotated[
        str, Meta(description="Policy that ordered the offers, e.g. uniform or model.")
    ]
    arm: Annotated[str, Meta(description="random, personalised, control or fallback.")]
    eligible_count: int
    items: list[Item]
    token: Annotated[
        str, Meta(description="Send it back with displays and clicks of these offers.")
    ]


class Decision(msgspec.Struct, frozen=True):
    """The answer: propositions, and what they are based on."""

    strategy_id: str
    profile_id: str
    model_version: Annotated[str | None, Meta(description="null before the first model.")]
    publication: Annotated[str, Meta(description="as_of of the publication, UTC.")]
    profile: Annotated[str, Meta(description="known, or unknown to the publication.")]
    segments_from: Annotated[str, Meta(description="request, publication or none.")]
    context_from_request: Annotated[
        list[str], Meta(description="Features whose value came with the request.")
    ]
    context_from_publication: list[str]
    context_not_used: Annotated[
        list[str], Meta(description="Given, but not a feature of the model.")
    ]
    propositions: list[Proposition]
    request_id: str | None = None


class Requests(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Several decisions at once."""

    requests: Annotated[list[Request], Meta(min_length=1, max_length=500)]


class Decisions(msgspec.Struct, frozen=True):
    """One decision per request, in their order."""

    decisions: list[Decision]


class Strategy(msgspec.Struct, frozen=True):
    """A strategy that decisions can ask for."""

    strategy_id: str
    model_version: str | None
    model_kind: str | None
    exploration_share: float
    top_k: int
    placements: list[str]
    features: list[str]
    profiles: int


class Strategies(msgspec.Struct, frozen=True):
    """The strategies of the publication in use."""

    publication: str
    strategies: list[Strategy]


class Problem(msgspec.Struct, frozen=True):
    """The reason why a request was refused."""

    error: str
