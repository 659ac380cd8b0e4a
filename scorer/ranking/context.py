"""The data that ranking needs of a strategy: offers, eligibility, readiness, model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

import numpy as np

from scorer.arrays import Codes, Mask, Vector
from scorer.config import CYCLE, MIN_READY_OFFERS, Settings
from scorer.errors import ConfigurationError
from scorer.models.protocol import RewardModel
from scorer.ranking import arms
from scorer.ranking.exploration import Keys, MixturePolicy, offer_keys
from scorer.registry.model_registry import ModelRegistry
from scorer.warehouse.database import Connection
from scorer.warehouse.marts import (
    read_catalogue,
    read_eligibility_sets,
    read_offer_rules,
    read_progress,
    read_ranking_settings,
    read_ready_offers,
)


@dataclass(frozen=True)
class Offer:
    """One row of the catalogue; ``placement_ids`` None means every placement."""

    offer_id: str
    name: str | None = None
    priority: int = 0
    is_fallback: bool = False
    placement_ids: tuple[str, ...] | None = None

    def fits(self, placement_id: str) -> bool:
        """True if the offer may be shown at the placement."""
        return self.placement_ids is None or placement_id in self.placement_ids


@dataclass(frozen=True)
class OfferRule:
    """One row of ``offer_rules``: when and to whom an offer may be shown at a placement."""

    placement_id: str
    offer_id: str
    start_date: datetime | None = None
    end_date: datetime | None = None
    include_segments: frozenset[str] = frozenset()
    exclude_segments: frozenset[str] = frozenset()

    @property
    def segments(self) -> frozenset[str]:
        """All segments that the rule names."""
        return self.include_segments | self.exclude_segments

    def allows(self, segments: frozenset[str], now: datetime) -> bool:
        """True if a person in these segments may get the offer at this moment, UTC."""
        started = self.start_date is None or self.start_date <= now
        running = self.end_date is None or self.end_date > now
        included = not self.include_segments or bool(self.include_segments & segments)
        return started and running and included and not self.exclude_segments & segments


@dataclass(frozen=True)
class Deployed:
    """The deployed model and its version."""

    model: RewardModel
    version: str


@dataclass(frozen=True)
class StrategyContext:
    """All inputs of the ranking of a strategy except the users.

    ``eligibility`` gives the offers of each set, ``default_sets`` those for unknown profiles at
    each placement, as of the cycle; ``rules`` decide for other segments and moments. Without
    ``deployed``, all traffic is random. A ready offer that the model does not know ranks as not
    ready. ``progress`` is the progress of each offer towards readiness, 0 for offers that it does
    not name; informed exploration uses it.
    """

    strategy_id: str
    as_of: datetime
    offers: tuple[Offer, ...]
    eligibility: Mapping[str, frozenset[str]]
    deployed: Deployed | None = None
    ready_offer_ids: frozenset[str] = frozenset()
    exploration_share: float = 0.1
    exploration: str = "uniform"
    control_share: float = 0.0
    top_k: int = 3
    default_sets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    rules: tuple[OfferRule, ...] = ()
    progress: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        MixturePolicy((self.exploration_share, self.control_share))
        if self.top_k < 1:
            raise ConfigurationError(
                f"strategy {self.strategy_id!r}: top_k must be 1 or more, got {self.top_k}"
            )

    @property
    def cycle_date(self) -> date:
        """UTC date that names the cycle."""
        return self.as_of.date()

    @property
    def cycle(self) -> tuple[str, date]:
        """Strategy and date, the seed of every draw of the cycle."""
        return self.strategy_id, self.cycle_date

    @property
    def valid_to(self) -> datetime:
        """End of the validity of the ranking: as_of + 7 days."""
        return self.as_of + CYCLE

    @cached_property
    def scored_offer_ids(self) -> frozenset[str]:
        """Offers ranked by the model: ready and known to it."""
        if self.deployed is None:
            return frozenset()
        return self.ready_offer_ids & frozenset(self.deployed.model.offer_ids)

    @cached_property
    def policy(self) -> MixturePolicy:
        """The mixture of the arms in this cycle."""
        return MixturePolicy(arms.shares(self))

    @cached_property
    def _catalogue(self) -> dict[str, Offer]:
        return {offer.offer_id: offer for offer in self.offers}

    @cached_property
    def candidates(self) -> tuple[Offer, ...]:
        """Offers that anybody can get, in tie order: priority (higher first), then offer_id.

        Offers missing from the catalogue have priority 0. Fallback offers are left out.
        """
        mentioned = frozenset().union(*self.eligibility.values(), *self.default_sets.values())
        mentioned |= {rule.offer_id for rule in self.rules}
        offers = (self._catalogue.get(offer_id, Offer(offer_id)) for offer_id in mentioned)
        normal = [o for o in offers if not o.is_fallback]
        return tuple(sorted(normal, key=_tie_order))

    @cached_property
    def candidate_columns(self) -> dict[str, int]:
        """Column of every candidate in masks and score matrices."""
        return {o.offer_id: j for j, o in enumerate(self.candidates)}

    @cached_property
    def offer_keys(self) -> Keys:
        """Fixed random key of every candidate, uint64 (n_candidates,)."""
        return offer_keys([offer.offer_id for offer in self.candidates])

    @cached_property
    def score_columns(self) -> Codes:
        """Column of the model for each candidate, -1 for offers that the model does not rank."""
        model_ids = self.deployed.model.offer_ids if self.deployed else ()
        columns = {o: j for j, o in enumerate(model_ids) if o in self.scored_offer_ids}
        return np.array([columns.get(o.offer_id, -1) for o in self.candidates], dtype=np.int64)

    @cached_property
    def candidate_progress(self) -> Vector:
        """Progress of each candidate towards readiness, float64 (n_candidates,)."""
        return np.array([self.progress.get(o.offer_id, 0.0) for o in self.candidates], np.float64)

    def without_arms(self) -> StrategyContext:
        """The same strategy, but the personalised arm serves every profile."""
        return replace(self, exploration_share=0.0, control_share=0.0)

    def fallbacks(self, placement_id: str) -> list[Offer]:
        """Approved fallback offers of a placement in tie order; no other rule applies to them."""
        fitting = [o for o in self.offers if o.is_fallback and o.fits(placement_id)]
        return sorted(fitting, key=_tie_order)

    @cached_property
    def masks(self) -> dict[str, Mask]:
        """Mask of each eligibility set, shape (n_candidates,)."""
        return {key: self.mask(offers) for key, offers in self.eligibility.items()}

    def mask(self, offer_ids: frozenset[str]) -> Mask:
        """Mask of the given offers, shape (n_candidates,)."""
        mask = np.zeros(len(self.candidates), dtype=np.bool_)
        columns = self.candidate_columns
        chosen = [columns[o] for o in offer_ids if o in columns]
        mask[np.array(chosen, dtype=np.int64)] = True
        return mask

    def default_offers(self, placement_id: str) -> frozenset[str]:
        """Offers eligible at the placement for unknown profiles.

        For an unknown placement: the offers eligible at other placements that fit this one.
        """
        if placement_id in self.default_sets:
            return self.default_sets[placement_id]
        elsewhere = frozenset().union(*self.default_sets.values())
        return frozenset(o for o in elsewhere if self.fits(o, placement_id))

    def fits(self, offer_id: str, placement_id: str) -> bool:
        """True if the offer fits the placement, or if the catalogue does not list it."""
        return self._catalogue.get(offer_id, Offer(offer_id)).fits(placement_id)


def load_context(
    connection: Connection,
    strategy_id: str,
    as_of: datetime,
    deployed: Deployed | None = None,
) -> StrategyContext:
    """Read the context of a strategy from the marts of the build.

    ``deployed`` None makes all traffic random. Raises StrategyError if the build does not know the
    strategy.
    """
    settings = read_ranking_settings(connection, strategy_id)
    sets, defaults = read_eligibility_sets(connection, strategy_id)
    return StrategyContext(
        strategy_id=strategy_id,
        as_of=as_of,
        offers=_offers(connection),
        eligibility=sets,
        deployed=deployed,
        ready_offer_ids=frozenset(read_ready_offers(connection, strategy_id)),
        default_sets=defaults,
        rules=tuple(
            OfferRule(*where, *dates, *map(frozenset, segments))
            for where, dates, segments in read_offer_rules(connection, strategy_id)
        ),
        progress=read_progress(connection, strategy_id),
        **asdict(settings),
    )


def find_deployed(connection: Connection, settings: Settings, strategy: str) -> Deployed | None:
    """Return the model that ranks as of the cycle; None if all traffic is random."""
    registry = ModelRegistry(settings.models_dir)
    version = registry.deployed_as_of(strategy, settings.as_of)
    if version is None or len(read_ready_offers(connection, strategy)) < MIN_READY_OFFERS:
        return None
    return Deployed(registry.load(strategy, version), version)


def _offers(connection: Connection) -> tuple[Offer, ...]:
    return tuple(
        Offer(i, name, int(priority or 0), bool(fallback), None if at is None else tuple(at))
        for i, name, priority, fallback, at in read_catalogue(connection)
    )


def _tie_order(offer: Offer) -> tuple[int, str]:
    return (-offer.priority, offer.offer_id)
