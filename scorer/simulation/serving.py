"""Serving like a website: look up the ranked table, and draw at random where it has no row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scorer.simulation.catalogue import (
    FALLBACK_OFFER,
    PLACEMENT_IDS,
    STRATEGY_IDS,
    STRATEGY_OF_PLACEMENT,
)
from scorer.simulation.context import Visits
from scorer.simulation.offers import OFFER_IDS

ARMS = ("random", "contextual", "noncontextual")
ITEMS = 2
_COLUMNS = (
    "strategy_id",
    "profile_id",
    "placement_id",
    "rank",
    "offer_id",
    "traffic_type",
    "propensity",
)


class ArrowStream(Protocol):
    """Any table with the Arrow stream interface: pyarrow, pandas, polars."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Return a capsule of an Arrow array stream."""


@dataclass(frozen=True)
class Served:
    """The offers shown, per visit and position; -1 where none was.

    Attributes
    ----------
    offer : ndarray of shape (visits, 2), int64, position in the world's offers, or -1.
    arm : ndarray of shape (visits, 2), int64, position in `ARMS`.
    propensity : ndarray of shape (visits, 2), float64, in (0, 1]; NaN where unknown.
    ranked : ndarray of shape (visits,), bool, whether the ranked table decided.
    """

    offer: NDArray[np.int64]
    arm: NDArray[np.int64]
    propensity: NDArray[np.float64]
    ranked: NDArray[np.bool_]


@dataclass(frozen=True)
class RankedOffers:
    """The first two ranks of a ranked table, arrays of shape (placements, profiles, 2)."""

    offer: NDArray[np.int64]
    arm: NDArray[np.int64]
    propensity: NDArray[np.float64]

    @classmethod
    def read(
        cls, table: ArrowStream, profile_ids: pa.Array, offer_ids: tuple[str, ...]
    ) -> RankedOffers:
        """Index a table with the columns of `ranked_offers`, one cycle of each strategy.

        Rows of unknown profiles, of other strategies and of ranks beyond 2 are left out.

        Raises
        ------
        ValueError
            If a column is missing, an offer or traffic type is unknown, or a rank occurs twice.
        """
        rows = _wanted(pa.table(table), profile_ids, offer_ids)
        shape = (len(PLACEMENT_IDS), len(profile_ids), ITEMS)
        place = np.ravel_multi_index((rows["placement"], rows["profile"], rows["rank"] - 1), shape)
        if len(np.unique(place)) < len(place):
            raise ValueError(
                "ranked table: expected one row per profile, placement and rank, found several; "
                "hand over one cycle"
            )
        ranked = cls(np.full(shape, -1), np.zeros(shape, np.int64), np.full(shape, np.nan))
        ranked.offer.flat[place] = rows["offer"]
        ranked.arm.flat[place] = rows["arm"]
        ranked.propensity.flat[place] = rows["propensity"]
        return ranked


def serve(
    visits: Visits,
    eligible: NDArray[np.bool_],
    ranked: RankedOffers | None,
    rng: np.random.Generator,
) -> Served:
    """Choose the offers of each visit: the first ranks of the table, else uniform over eligible."""
    served = _at_random(eligible, rng)
    if ranked is not None:
        offer = ranked.offer[visits.placement, visits.profile]
        known = offer[:, 0] >= 0
        served.ranked[:] = known
        served.offer[known] = offer[known]
        served.arm[known] = ranked.arm[visits.placement, visits.profile][known]
        served.propensity[known] = ranked.propensity[visits.placement, visits.profile][known]
    served.offer[~visits.two_items, 1:] = -1
    return served


def _at_random(eligible: NDArray[np.bool_], rng: np.random.Generator) -> Served:
    keys = rng.random(eligible.shape)
    keys += ~eligible
    offer = _two_lowest(keys)
    count = eligible.sum(axis=1)
    offer[count < ITEMS, 1] = -1
    arm = np.full(offer.shape, ARMS.index("random"))
    nothing = count == 0
    offer[nothing, 0] = OFFER_IDS.index(FALLBACK_OFFER)
    arm[nothing] = ARMS.index("noncontextual")
    propensity = np.repeat((1 / np.maximum(count, 1))[:, None], ITEMS, axis=1)
    return Served(offer, arm, propensity, np.zeros(len(offer), bool))


def _two_lowest(keys: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the columns of the two lowest keys below 2 of each row; overwrites `keys`."""
    lowest = keys.argmin(axis=1)
    keys[np.arange(len(keys)), lowest] = 2.0
    return np.column_stack([lowest, keys.argmin(axis=1)])


def _wanted(
    table: pa.Table, profile_ids: pa.Array, offer_ids: tuple[str, ...]
) -> dict[str, NDArray[Any]]:
    missing = sorted(set(_COLUMNS) - set(table.column_names))
    if missing:
        raise ValueError(f"ranked table: expected the columns of ranked_offers, without {missing}")
    placement = _positions(table, "placement_id", pa.array(PLACEMENT_IDS))
    strategy = _positions(table, "strategy_id", pa.array(STRATEGY_IDS))
    profile = _positions(table, "profile_id", profile_ids)
    rank = table["rank"].to_numpy().astype(np.int64)
    ours = np.array(STRATEGY_OF_PLACEMENT)[placement] == strategy
    keep = ours & (placement >= 0) & (strategy >= 0) & (profile >= 0) & (rank <= ITEMS)
    table = table.filter(pa.array(keep))
    return {
        "placement": placement[keep],
        "profile": profile[keep],
        "rank": rank[keep],
        "offer": _known(table, "offer_id", offer_ids),
        "arm": _known(table, "traffic_type", ARMS),
        "propensity": pc.fill_null(table["propensity"].cast(pa.float64()), np.nan).to_numpy(),
    }


def _positions(table: pa.Table, column: str, values: pa.Array) -> NDArray[np.int64]:
    found = pc.index_in(table[column].cast(pa.string()), value_set=values)
    return pc.fill_null(found, -1).to_numpy().astype(np.int64)


def _known(table: pa.Table, column: str, values: tuple[str, ...]) -> NDArray[np.int64]:
    positions = _positions(table, column, pa.array(values))
    if (positions < 0).any():
        stranger = table[column][int(np.argmax(positions < 0))].as_py()
        raise ValueError(f"ranked table: {column} {stranger!r} is not one of this world's")
    return positions
