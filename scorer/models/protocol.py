"""What rankers, evaluation and the registry need from any model of the reward."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from scorer.arrays import Codes, Mask, Matrix, Vector
from scorer.features import FeatureSchema
from scorer.forest import Eligible


@runtime_checkable
class RewardModel(Protocol):
    """A model of the reward of each offer for each user."""

    @property
    def kind(self) -> str:
        """Name of the model's family, e.g. ``interaction_base``; see :mod:`.candidates`."""

    @property
    def offer_ids(self) -> tuple[str, ...]:
        """Offers the model was trained on; column j of the scores is ``offer_ids[j]``."""

    @property
    def schema(self) -> FeatureSchema:
        """Schema that encodes users for :meth:`score`."""

    def score(self, users: Matrix) -> Vector:
        """Calibrated expected reward per display, float64 (n_users, n_offers).

        ``users`` is float32 (n_users, n_features); a probability for a binary KPI.
        """

    def personalises(self, users: Matrix) -> Mask:
        """Whether each user's order is the user's own, bool (n_users,); else the best single's."""


@runtime_checkable
class ShortLists(Protocol):
    """A model that finds each user's best offers without scoring all of them for the caller."""

    @property
    def offer_ids(self) -> tuple[str, ...]:
        """Offers in the order of the columns."""

    def top_k(
        self, users: Matrix, k: int, eligible: Eligible, priority: Codes
    ) -> tuple[Codes, Vector]:
        """Columns, int64, and scores, float64, of the best k offers: (n_users, k), best first.

        Only eligible offers; among equal margins the larger ``priority``, int64 (n_offers,), goes
        first. Fewer than k: column -1, score NaN. Scores are those of :meth:`RewardModel.score`.
        """
