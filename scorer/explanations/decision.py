"""One decision of the last cycle, read back: the person, the placement, the offers, the result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from scorer.arrays import Mask, Matrix, Vector
from scorer.config import Settings
from scorer.errors import ConfigurationError
from scorer.features import DECISIONING, Feature, FeatureSchema, encode_users
from scorer.forest import Eligible
from scorer.models.protocol import RewardModel
from scorer.ranking import exploration
from scorer.ranking.arms import policies
from scorer.ranking.context import Deployed, StrategyContext, load_context
from scorer.ranking.eligibility import eligible_by_set
from scorer.ranking.offer_choice import Decisions, offer_scores
from scorer.ranking.ranked_rows import RankedRows, rank_decisions
from scorer.registry.model_registry import ModelRegistry
from scorer.warehouse.database import Connection
from scorer.warehouse.marts import read_schema

_CANDIDATE = """
select {columns} from ranking_candidates
where strategy_id = ? and profile_id = ? and placement_id = ?
"""
_PLACEMENTS = (
    "select distinct placement_id from ranking_candidates where strategy_id = ? order by 1"
)
_PEOPLE = """
select distinct profile_id from ranking_candidates where strategy_id = ? order by 1 limit 3
"""


@dataclass(frozen=True)
class Decision:
    """A person at a placement, with everything that the ranking used.

    ``candidate`` is one row of ``ranking_candidates`` with the feature columns.
    """

    context: StrategyContext
    schema: FeatureSchema
    profile_id: str
    placement_id: str
    candidate: pa.RecordBatch

    @cached_property
    def users(self) -> Matrix:
        """The person as the schema of the model encodes it, float32 (1, n_features)."""
        return encode_users(self.candidate, self.schema)

    @cached_property
    def eligible(self) -> Mask:
        """True for candidates that may be shown, bool (n_candidates,)."""
        return eligible_by_set(self.context, self.candidate).mask()[0]

    @cached_property
    def scores(self) -> Vector:
        """Score of every candidate, float64 (n_candidates,); NaN without a model."""
        return offer_scores(self.context, self.users, self.eligible[None])[0]

    @cached_property
    def served(self) -> list[dict[str, Any]]:
        """The rows of ``ranked_offers``: offer, score, policy and propensity from rank 1 on."""
        return _rows(rank_decisions(self.context, self._decisions(self.context)))

    @cached_property
    def by_model(self) -> list[dict[str, Any]]:
        """All eligible offers in the order of the model; [] if no model can rank."""
        if not self.context.scored_offer_ids:
            return []
        everybody = replace(self.context.without_arms(), top_k=max(1, len(self.context.candidates)))
        return [
            r
            for r in _rows(rank_decisions(everybody, self._decisions(everybody)))
            if r["eligible_count"]
        ]

    @property
    def model(self) -> RewardModel | None:
        """The model in use; None while all traffic is random."""
        deployed = self.context.deployed
        return deployed.model if deployed and self.context.scored_offer_ids else None

    @property
    def is_personalised(self) -> bool:
        """True if the model personalises the ranking of this person."""
        return self.model is not None and bool(self.model.personalises(self.users)[0])

    def _decisions(self, context: StrategyContext) -> Decisions:
        return Decisions(
            users=self.candidate,
            placement_ids=pa.array([self.placement_id]),
            eligible=Eligible.by_user(self.eligible[None]),
            draws=exploration.draw(
                context.policy, context.cycle, [self.profile_id], [self.placement_id]
            ),
        )

    def values(self) -> list[dict[str, Any]]:
        """Every feature with its value, None if missing."""
        return [
            {"feature": f.name, "kind": f.kind, "value": _value(self.candidate, f)}
            for f in self.schema.features
        ]


def read_decision(
    connection: Connection, settings: Settings, strategy: str, who: tuple[str, str | None]
) -> Decision:
    """Read the decision for a profile and a placement (None: the only one).

    Raises
    ------
    ConfigurationError
        The profile or the placement is unknown; the message names some that exist.
    InputError
        The model that ranked is damaged.
    """
    profile, placement = who[0], _placement(connection, strategy, who[1])
    deployed = _ranker(connection, settings, strategy)
    context = load_context(connection, strategy, settings.as_of, deployed)
    schema = deployed.model.schema if deployed else read_schema(connection, strategy)
    names = ("eligibility_set_id", "excluded_offer_ids", *DECISIONING, *schema.select_list)
    rows = connection.sql(
        _CANDIDATE.format(columns=", ".join(names)), params=[strategy, profile, placement]
    ).to_arrow_table()
    if rows.num_rows == 0:
        some = [name for (name,) in connection.execute(_PEOPLE, [strategy]).fetchall()]
        raise ConfigurationError(
            f"--profile: {profile!r} is unknown to strategy {strategy} as of"
            f" {settings.as_of.date()}; there are, for example: {', '.join(some) or 'none'}"
        )
    return Decision(context, schema, profile, placement, rows.combine_chunks().to_batches()[0])


def _placement(connection: Connection, strategy: str, placement: str | None) -> str:
    known = [name for (name,) in connection.execute(_PLACEMENTS, [strategy]).fetchall()]
    there_are = f"there are: {', '.join(known) or 'none'}"
    if placement is None and len(known) != 1:
        raise ConfigurationError(f"--placement is missing; {there_are}")
    if placement is not None and placement not in known:
        raise ConfigurationError(
            f"--placement: {placement!r} is unknown to strategy {strategy}; {there_are}"
        )
    return placement or known[0]


def _ranker(connection: Connection, settings: Settings, strategy: str) -> Deployed | None:
    """The model that ranked, even if another one was deployed later."""
    row = connection.execute(
        "select max(model_version) from scorer.ranked_offers where strategy_id = ?", [strategy]
    ).fetchone()
    if row is None or row[0] is None:
        return None
    return Deployed(ModelRegistry(settings.models_dir).load(strategy, row[0]), row[0])


def _rows(rows: RankedRows) -> list[dict[str, Any]]:
    """Ranked rows of one decision as dictionaries."""
    return [
        {
            "rank": int(rows.rank[i]),
            "offer_id": rows.offer_ids[i].as_py(),
            "score": None if np.isnan(rows.score[i]) else float(rows.score[i]),
            "policy": policies()[rows.policy[i]],
            "propensity": float(rows.propensity[i]),
            "eligible_count": int(rows.eligible_count[i]),
        }
        for i in range(len(rows.row))
    ]


def _value(candidate: pa.RecordBatch, feature: Feature) -> Any:
    if feature.column not in candidate.schema.names:
        return None
    return candidate.column(feature.column)[0].as_py()
