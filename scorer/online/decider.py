"""Decides in this process with the rules of the weekly batch: a request in, propositions out."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import count, islice
from pathlib import Path

import numpy as np

from scorer.arrays import Mask, Matrix
from scorer.config import find_home
from scorer.errors import ConfigurationError
from scorer.features import DECISIONING, Feature, encode_value
from scorer.online.bundle import Bundle, Served, bundle_path, read_bundle
from scorer.online.live_counts import Journal, LiveCounts
from scorer.online.messages import (
    Decision,
    Item,
    Proposition,
    Request,
    Strategies,
    Strategy,
    Value,
)
from scorer.online.tokens import Shown, TokenKey
from scorer.online.why import Why, why
from scorer.ranking.exploration import word
from scorer.ranking.rules import OfferRules
from scorer.ranking.single import SingleRanker

REQUEST, PUBLICATION, NONE = "request", "publication", "none"
KNOWN, UNKNOWN = "known", "unknown"


def now_utc() -> datetime:
    """The current moment, UTC without a time zone."""
    return datetime.now(UTC).replace(tzinfo=None)


class Decider:
    """Makes decisions with one publication; safe to use from several threads.

    Parameters
    ----------
    bundle : Bundle
        From :func:`scorer.online.bundle.read_bundle`.
    key : TokenKey
        Signs the tokens of propositions.
    journal : Journal or None
        Events since the publication, for capping rules.
    clock : callable
        Gives the moment of decisions without one of their own, UTC without a time zone.

    Examples
    --------
    >>> decider = Decider.open("my/home")
    >>> decision = decider.decide(Request("c0000001", context={"device": "phone"}))
    >>> decision.propositions[0].items[0].offer_id
    """

    def __init__(
        self,
        bundle: Bundle,
        key: TokenKey,
        journal: Journal | None = None,
        clock: Callable[[], datetime] = now_utc,
    ) -> None:
        self.as_of = bundle.as_of
        self.publication = bundle.as_of.isoformat()
        self.clock = clock
        self._key = key
        live = None
        if journal is not None and bundle.cap_rules:
            live = LiveCounts(journal, bundle.cap_rules, bundle.as_of)
        self._parts = {
            name: _Strategy(served, live) for name, served in sorted(bundle.strategies.items())
        }
        self._prefix, self._numbers = secrets.token_hex(8), count(1)

    @classmethod
    def open(cls, home: str | Path) -> Decider:
        """Return a decider on the current publication of a home folder; it does not follow it.

        Raises
        ------
        InputError
            Nothing is published, the publication has no bundle, or it is damaged.
        """
        folder = find_home(str(home))
        bundle = read_bundle(bundle_path(folder / "published.duckdb"))
        return cls(bundle, TokenKey.of_home(folder), Journal.of_home(folder))

    def decide(self, request: Request, now: datetime | None = None) -> Decision:
        """Rank offers for the placements of a request.

        Parameters
        ----------
        request : Request
        now : datetime, optional
            Time at which dates and caps are checked, UTC without a time zone.

        Raises
        ------
        ConfigurationError
            The strategy is unknown or missing, an offer is unknown, or there is no placement.
        """
        part = self._part(request.strategy_id)
        now = self.clock() if now is None else now
        person = part.person(request)
        placements = request.placements or part.served.placements
        if not placements:
            raise ConfigurationError(
                f"strategy {part.strategy_id!r} has no placement: name at least one"
            )
        propositions = [self._proposition(part, person, name, now) for name in placements]
        is_known = person.place >= 0
        return Decision(
            part.strategy_id,
            person.profile_id,
            part.ranker.model_version,
            self.publication,
            KNOWN if is_known else UNKNOWN,
            REQUEST if request.segments is not None else PUBLICATION if is_known else NONE,
            list(person.context),
            [name for name in part.context_features if name not in person.context]
            if is_known
            else [],
            person.not_used,
            propositions,
            request.request_id,
        )

    def why(self, request: Request, placement_id: str, offer_id: str, policy: str) -> Why:
        """Explain the score of an offer for the person and context of a request."""
        part = self._part(request.strategy_id)
        person = part.person(request)
        user = part.user(person, (placement_id, *part.scope(person, placement_id)))
        return why(part.served.context, user, offer_id, policy)

    def choices(self, most: int = 6) -> dict[str, list[str]]:
        """Values of context features with few categories, over all strategies."""
        return {
            name: list(feature.categories)
            for part in self._parts.values()
            for name, (_, feature) in part.context_features.items()
            if 1 < len(feature.categories) <= most
        }

    def strategies(self) -> Strategies:
        """Describe the strategies of the publication."""
        return Strategies(self.publication, [part.described() for part in self._parts.values()])

    def _part(self, strategy_id: str | None) -> _Strategy:
        known = self._parts
        if strategy_id is None and len(known) == 1:
            return next(iter(known.values()))
        if strategy_id is None:
            raise ConfigurationError(f"strategy_id is missing; name one of: {', '.join(known)}")
        if strategy_id not in known:
            raise ConfigurationError(
                f"strategy_id {strategy_id!r} is unknown; there are: {', '.join(known)}"
            )
        return known[strategy_id]

    def _proposition(
        self, part: _Strategy, person: _Person, placement_id: str, now: datetime
    ) -> Proposition:
        scope = (placement_id, *part.scope(person, placement_id))
        ranker, eligible = part.choice(person, placement_id, now)
        user = part.user(person, scope)
        ranking = ranker.rank(user, eligible, person.profile_id, placement_id)
        rows = zip(ranking.offers, ranking.scores, ranking.propensities, strict=True)
        items = [
            Item(rank, offer.offer_id, offer.name, score, propensity)
            for rank, (offer, score, propensity) in enumerate(islice(rows, person.request.k), 1)
        ]
        proposition_id = f"{self._prefix}-{next(self._numbers):x}"
        shown = Shown(
            proposition_id,
            part.strategy_id,
            person.profile_id,
            *scope,
            ranking.traffic_type,
            [(item.offer_id, item.propensity) for item in items],
            person.context,
        )
        return Proposition(
            proposition_id,
            *scope,
            ranking.traffic_type,
            ranking.traffic_type == "random",
            ranking.policy,
            ranking.arm,
            ranking.eligible_count,
            items,
            self._key.token(shown),
        )


class _Person:
    """The person: the request, the position of the profile in the publication (-1: unknown), and
    the given values.

    ``context`` are the given features of the model, ``not_used`` the names of others; ``values``
    holds the position and code of given values.
    """

    def __init__(self, part: _Strategy, request: Request) -> None:
        self.request = request
        self.profile_id = request.profile_id.strip()
        if not self.profile_id:
            raise ConfigurationError("profile_id is empty")
        self.key = word(self.profile_id)
        self.place = part.served.profiles.find(self.key)
        self.context: dict[str, str | int | float | bool] = {}
        self.not_used: list[str] = []
        self.values: list[tuple[int, float]] = []
        if request.context:
            self._take(request.context, part.context_features)
        if request.segments is not None:
            segments = set(request.segments)
            self.values += [(j, float(s in segments)) for s, j in part.segment_features.items()]

    def _take(
        self, context: Mapping[str, Value], features: Mapping[str, tuple[int, Feature]]
    ) -> None:
        """Encode the given context; null and blank text are not given."""
        for name, value in context.items():
            if value is None or (isinstance(value, str) and not value.strip()):
                continue
            known = features.get(name)
            if known is None:
                self.not_used.append(name)
                continue
            self.context[name] = value
            self.values.append((known[0], encode_value(value, known[1])))


class _Strategy:
    """Data that decisions of one strategy share."""

    def __init__(self, served: Served, live: LiveCounts | None) -> None:
        self.served = served
        self.strategy_id = served.context.strategy_id
        self.ranker = SingleRanker(served.context)
        self.rules = OfferRules(served.context)
        self.live = live
        model = served.context.deployed.model if served.context.deployed else None
        self.model_kind = model.kind if model and self.ranker.model_version else None
        self.features: tuple[Feature, ...] = model.schema.features if model else ()
        places = list(enumerate(self.features))
        self.context_features = {f.name: (j, f) for j, f in places if f.kind == "context"}
        self.segment_features = {f.name: j for j, f in places if f.kind == "segment"}
        self._decisioning = [
            (j, f, DECISIONING.index(f.name)) for j, f in places if f.kind == "decisioning"
        ]
        self._positions = {name: place for place, name in enumerate(served.placements)}
        self._stranger = np.full(len(self.features), math.nan, dtype=np.float32)
        self._stranger[list(self.segment_features.values())] = 0.0

    def person(self, request: Request) -> _Person:
        """Look up the person, and encode the given values."""
        return _Person(self, request)

    def scope(self, person: _Person, placement_id: str) -> tuple[str, str]:
        """Activity and scope: given, else those of the profile, else the usual ones of the
        placement."""
        at, request = self._positions.get(placement_id), person.request
        activity_id, scope_id = self.served.usual.get(placement_id, ("default", "default"))
        if person.place >= 0 and at is not None:
            row = person.place * len(self.served.placements) + at
            activity_id, scope_id = self.served.scopes[self.served.profiles.scopes[row]]
        return request.activity_id or activity_id, request.scope_id or scope_id

    def user(self, person: _Person, scope: tuple[str, str, str]) -> Matrix:
        """The encoded user, float32 (n_features,): from the publication, updated with the given
        values."""
        at = self._positions.get(scope[0])
        if person.place < 0 or not self.features:
            user = self._stranger.copy()
        else:
            row = person.place * len(self.served.placements) + (at or 0)
            user = np.array(self.served.profiles.users[row])
        request = person.request
        if person.place < 0 or at is None or request.activity_id or request.scope_id:
            for j, feature, part in self._decisioning:
                user[j] = encode_value(scope[part], feature)
        for j, value in person.values:
            user[j] = value
        return user

    def choice(
        self, person: _Person, placement_id: str, now: datetime
    ) -> tuple[SingleRanker, Mask]:
        """The ranker for a request, and the mask of its candidates that the person may get now."""
        listed = person.request.offer_ids
        if listed is None:
            return self.ranker, self._eligible(person, placement_id, now)
        ranker = self._catalogue_ranker
        for offer in listed:
            if offer not in self._known_offers:
                raise ConfigurationError(f"offer_ids names an unknown offer: {offer}")
        return ranker, ranker.context.mask(frozenset(listed))

    def _eligible(self, person: _Person, placement_id: str, now: datetime) -> Mask:
        """Eligible candidates of a person now, bool (n_candidates,)."""
        context = self.served.context
        mask = self.rules.mask(placement_id, self._segments(person), now)
        withheld = self._excluded(person, placement_id)
        if self.served.caps.rules:
            columns = context.candidate_columns
            offers = self._capped(person, placement_id, now)
            withheld += [columns[offer] for offer in offers if offer in columns]
        if withheld:
            mask = mask.copy()
            mask[withheld] = False
        return mask

    def described(self) -> Strategy:
        """Description of the strategy."""
        context = self.served.context
        return Strategy(
            self.strategy_id,
            self.ranker.model_version,
            self.model_kind,
            context.exploration_share,
            context.top_k,
            list(self.served.placements),
            [feature.column for feature in self.features],
            int(self.served.profiles.keys.size),
        )

    @cached_property
    def _known_offers(self) -> frozenset[str]:
        """Offers that a request may list."""
        context = self.served.context
        return frozenset(o.offer_id for o in (*context.offers, *context.candidates))

    @cached_property
    def _catalogue_ranker(self) -> SingleRanker:
        """Ranks listed offers, which may be withheld from everybody."""
        everything = {"known offers": self._known_offers}
        return SingleRanker(replace(self.served.context, eligibility=everything))

    def _segments(self, person: _Person) -> Collection[str]:
        """Segments that eligibility rules are applied to."""
        if person.request.segments is not None:
            return person.request.segments
        profiles = self.served.profiles
        return () if person.place < 0 else self.served.groups[profiles.groups[person.place]]

    def _excluded(self, person: _Person, placement_id: str) -> list[int]:
        profiles = self.served.profiles
        if person.place < 0 or not len(profiles.excluded):
            return []
        start, end = profiles.excluded_start[person.place : person.place + 2]
        here = (-1, self._positions.get(placement_id, -1))
        return [int(c) for at, c in profiles.excluded[start:end].tolist() if at in here]

    def _capped(self, person: _Person, placement_id: str, now: datetime) -> set[str]:
        profiles, counts = self.served.profiles, []
        if person.place >= 0 and len(profiles.counted):
            start, end = profiles.counted_start[person.place : person.place + 2]
            counts = profiles.counted[start:end].tolist()
        if self.live is not None:
            counts += self.live.of(person.key)
        return self.served.caps.withheld(placement_id, now.date(), counts)
