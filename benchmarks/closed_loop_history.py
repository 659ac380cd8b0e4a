"""What a simulated bank showed and what came of it, as columns: the marts without the files.

The simulated events carry little that a log would not tell; this keeps just that, week by week.
Left out is only the dirt that the dbt project removes anyway, and the 0.4 % of lines that reach
their file days late.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from scorer.simulation.catalogue import STRATEGIES, STRATEGY_OF_PLACEMENT
from scorer.simulation.responses import Response, respond
from scorer.simulation.streams import stream
from scorer.simulation.traffic import MAIL_DAYS
from scorer.simulation.world import Decided

HOUR_MS = 3_600_000
CONTEXTS = ("machine", "language", "city", "section", "referrer")
_UNKNOWN = {"language": 0.02, "referrer": 0.05}
_FAR = np.iinfo(np.int64).max
_IS_MONEY = np.array([STRATEGIES[s].kpi_type == "continuous" for s in STRATEGY_OF_PLACEMENT])
_WINDOW_MS = np.array([STRATEGIES[s].window_hours for s in STRATEGY_OF_PLACEMENT]) * HOUR_MS


@dataclass(frozen=True)
class Displays:
    """Offers shown, one row per display; every array has n rows.

    Attributes
    ----------
    profile, placement, offer, arm : int64, positions as in the simulation.
    position : int64, 1 or 2.
    at, succeeded_at, closes_at : int64, milliseconds since 1970 UTC; a display without success
        within its window never succeeds.
    clicks_at : int64 (n, 2), the first click and a repeated one, whether in the window or not.
    propensity : float64, in (0, 1].
    reward : float64, of the success, 0 without; expected : float64, by the truth.
    segments : bool (n, segments), at the display; eligible : bool (n, offers).
    context : int64 (n, 5), codes in the order of CONTEXTS, -1 unknown.
    """

    profile: NDArray[np.int64]
    placement: NDArray[np.int64]
    offer: NDArray[np.int64]
    arm: NDArray[np.int64]
    position: NDArray[np.int64]
    at: NDArray[np.int64]
    succeeded_at: NDArray[np.int64]
    closes_at: NDArray[np.int64]
    clicks_at: NDArray[np.int64]
    propensity: NDArray[np.float64]
    reward: NDArray[np.float64]
    expected: NDArray[np.float64]
    segments: NDArray[np.bool_]
    eligible: NDArray[np.bool_]
    context: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.at)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Displays:
        """Return the displays at the given rows."""
        return Displays(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @classmethod
    def joined(cls, parts: list[Displays]) -> Displays:
        """Return all displays, part by part."""
        return cls(
            **{
                f.name: np.concatenate([getattr(part, f.name) for part in parts])
                for f in fields(cls)
            }
        )


def displays_of(block: Decided, seed: int, week: int) -> Displays:
    """Return the displays of a block of decisions, and how people answered them."""
    visits, items = block.visits, block.items
    rng = stream(seed, "answers", week, int(visits.at[0] // 1000))
    responses = {r.kind: r for r in respond(visits, items, block.day == MAIL_DAYS[-1], rng)}
    row, placement = items.row, visits.placement[items.row]
    succeeded_at = np.minimum(
        _moments(responses["clicks"], len(items)), _moments(responses["purchases"], len(items))
    )
    first = np.minimum(
        _moments(responses["clicks"], len(items)),
        _moments(responses["after_window_clicks"], len(items)),
    )
    return Displays(
        profile=visits.profile[row],
        placement=placement,
        offer=items.offer,
        arm=items.arm,
        position=items.position + 1,
        at=visits.at[row],
        succeeded_at=succeeded_at,
        closes_at=visits.at[row] + _WINDOW_MS[placement],
        clicks_at=np.column_stack([first, _moments(responses["repeat_clicks"], len(items))]),
        propensity=items.propensity,
        reward=np.where(items.success, np.where(_IS_MONEY[placement], items.price, 1.0), 0.0),
        expected=items.expected,
        segments=block.segments[row],
        eligible=block.truth.eligible[row],
        context=_context(block, rng)[row],
    )


def _moments(response: Response, n: int) -> NDArray[np.int64]:
    at = np.full(n, _FAR)
    at[response.item] = response.at
    return at


def _context(block: Decided, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return what an event tells of its visits: codes, some of which go unrecorded."""
    visits = block.visits
    event = np.searchsorted(np.unique(visits.event), visits.event)
    columns = []
    for name in CONTEXTS:
        codes = getattr(visits, name)
        lost = rng.random(event[-1] + 1)[event] < _UNKNOWN.get(name, 0.0)
        columns.append(np.where(lost, -1, codes))
    return np.column_stack(columns)
