"""Training examples of one strategy as arrays, encoded once for all candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.arrays import Codes, Mask, Matrix, Vector
from scorer.errors import StrategyError
from scorer.features import FeatureSchema, encode_offers, encode_users
from scorer.warehouse.marts import GUARDRAIL

Sets = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Offers:
    """Offers of a strategy: ``ready`` are scored, ``others`` were shown but are not; both sorted.

    ``kin`` is float64 (n_ready, q), 1 if a ready offer belongs to a kin, column 0 all ones.
    ``known_values`` is float64 (n_ready,), value of one success from the catalogue, else NaN.
    """

    ready: tuple[str, ...]
    others: tuple[str, ...]
    kin: Vector
    known_values: Vector

    @property
    def all(self) -> tuple[str, ...]:
        """Ready offers, then the others, in the order of the codes of examples."""
        return (*self.ready, *self.others)


@dataclass(frozen=True)
class Examples:
    """Displays with their outcomes, in order of time; every array has length n.

    Attributes
    ----------
    users : float32 (n, n_features), as the fitted schema encodes them.
    offers : int64 codes into ``catalogue.all``; those below ``len(catalogue.ready)`` are ready.
    rewards, propensity : float64; NaN if the propensity is unknown.
    successes : bool.
    positions : int64, position among the displays of a decision, from 1.
    profiles : int64 codes of people.
    times : datetime64[us], UTC.
    sets : int64 rows of ``eligible_sets``.
    outdated : bool, from before the response to the offer changed; see :mod:`.shifts`.
    unseen : bool, at a position that was not looked at; see :mod:`.positions`.
    eligible_sets : bool (n_sets, n_offers), the offers that a policy may choose.
    other_users : users as other fitted schemas encode them, each float32 (n, n_features).
    guardrails : reward for the KPI of each guardrail, float64 (n,), NaN where it is not known;
        negative where less is better.
    """

    schema: FeatureSchema
    catalogue: Offers
    kpi_type: str
    eligible_sets: Mask
    users: Matrix
    offers: Codes
    rewards: Vector
    successes: Mask
    propensity: Vector
    positions: Codes
    profiles: Codes
    times: npt.NDArray[np.datetime64]
    sets: Codes
    outdated: Mask
    unseen: Mask
    other_users: Mapping[FeatureSchema, Matrix]
    guardrails: Mapping[str, Vector] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.offers)

    def take(self, rows: Any) -> Examples:
        """The chosen rows, given as indices or a mask."""
        arrays = {name: getattr(self, name)[rows] for name in _PER_DISPLAY}
        others = {schema: users[rows] for schema, users in self.other_users.items()}
        guardrails = {name: rewards[rows] for name, rewards in self.guardrails.items()}
        return replace(self, other_users=others, guardrails=guardrails, **arrays)

    @property
    def counts(self) -> Mask:
        """Displays of ready offers, except those from before the offer changed."""
        return (self.offers < len(self.catalogue.ready)) & ~self.outdated

    @property
    def trains(self) -> Mask:
        """Displays that count, except those that were not looked at."""
        return self.counts & ~self.unseen

    @property
    def first(self) -> Mask:
        """Displays at the first position of their decision."""
        return self.positions == 1

    @property
    def evaluates(self) -> Mask:
        """Displays at the first position with a known propensity."""
        return self.first & ~np.isnan(self.propensity)

    @property
    def allowed(self) -> Mask:
        """Offers that a policy may choose, bool (n, n_offers)."""
        return self.eligible_sets[self.sets]

    @property
    def eligible(self) -> Mask:
        """Offers that could have been shown, bool (n, n_offers), including the offer shown."""
        eligible = self.allowed
        eligible[np.arange(len(self)), self.offers] = True
        return eligible


_PER_DISPLAY = (
    "users",
    "offers",
    "rewards",
    "successes",
    "propensity",
    "positions",
    "profiles",
    "times",
    "sets",
    "outdated",
    "unseen",
)


def encode_examples(
    table: pa.Table,
    schema: FeatureSchema,
    offers: Offers,
    kpi_type: str,
    sets: Sets | None = None,
    other_schemas: Sequence[FeatureSchema] = (),
) -> Examples:
    """Encode rows of ``training_examples`` in order of time, and fit the categories.

    Parameters
    ----------
    table : ``display_id, event_ts, offer_id, reward`` and the schema's columns; optional:
        ``profile_id, propensity, is_success, position, eligibility_set_id`` and guardrails. Rows
        without a reward or of an offer outside of the strategy are left out.
    sets : offers that could have been shown, by eligibility set; None means all offers everywhere.
    other_schemas : fitted schemas of stored models that will score the same displays.

    Raises
    ------
    StrategyError
        No usable row.
    """
    table = usable_rows(table, offers)
    if table.num_rows == 0:
        raise StrategyError("no display of a ready offer in the window")
    fitted = schema.fit(table)
    rewards = pc.cast(table["reward"], pa.float64()).to_numpy()
    set_codes, eligible_sets = _eligibility(table, offers.all, sets)
    return Examples(
        schema=fitted,
        catalogue=offers,
        kpi_type=kpi_type,
        eligible_sets=eligible_sets,
        users=encode_users(table, fitted),
        offers=encode_offers(table["offer_id"], offers.all),
        rewards=rewards,
        successes=_optional(table, "is_success", rewards > 0).astype(np.bool_),
        propensity=_optional(table, "propensity", np.full(len(rewards), np.nan)).astype(float),
        positions=_positions(table, len(rewards)),
        profiles=_codes(table, "profile_id"),
        times=table["event_ts"].to_numpy().astype("datetime64[us]"),
        sets=set_codes,
        outdated=np.zeros(len(rewards), dtype=np.bool_),
        unseen=np.zeros(len(rewards), dtype=np.bool_),
        other_users={other: encode_users(table, other) for other in other_schemas},
        guardrails={
            name.removeprefix(GUARDRAIL): table[name].to_numpy().astype(np.float64)
            for name in table.column_names
            if name.startswith(GUARDRAIL)
        },
    )


def usable_rows(table: pa.Table, offers: Offers) -> pa.Table:
    """Rows that become examples, in their order: by time, with a reward and a known offer."""
    known = pc.is_in(pc.cast(table["offer_id"], pa.string()), pa.array(offers.all, pa.string()))
    table = table.filter(pc.and_(known, pc.is_valid(table["reward"])))
    return table.sort_by([("event_ts", "ascending"), ("display_id", "ascending")])


def _optional(table: pa.Table, name: str, default: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if name not in table.column_names:
        return default
    column = table[name].combine_chunks()
    if pa.types.is_boolean(column.type):
        column = pc.fill_null(column, False)
    return column.to_numpy(zero_copy_only=False)


def _positions(table: pa.Table, n: int) -> Codes:
    """Position of each display, 0 where it is unknown."""
    positions = _optional(table, "position", np.ones(n))
    return np.nan_to_num(positions.astype(np.float64), nan=0.0).astype(np.int64)


def _codes(table: pa.Table, name: str) -> Codes:
    """Codes in the order of the sorted values, so that they do not depend on the row order."""
    if name not in table.column_names:
        return np.arange(table.num_rows, dtype=np.int64)
    encoded = table[name].combine_chunks().dictionary_encode()
    ranks = pc.rank(encoded.dictionary, tiebreaker="dense").to_numpy().astype(np.int64) - 1
    return ranks[encoded.indices.to_numpy(zero_copy_only=False)]


def _eligibility(table: pa.Table, offer_ids: tuple[str, ...], sets: Sets | None) -> tuple[Any, Any]:
    everything = np.ones((1, len(offer_ids)), dtype=np.bool_)
    if sets is None or "eligibility_set_id" not in table.column_names:
        return np.zeros(table.num_rows, dtype=np.int64), everything
    encoded = pc.fill_null(table["eligibility_set_id"].combine_chunks(), "").dictionary_encode()
    rows = [
        np.array([offer in sets.get(key, frozenset()) for offer in offer_ids], dtype=np.bool_)
        for key in encoded.dictionary.to_pylist()
    ]
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, np.stack(rows)
