"""The interface of a reward model that ranking, evaluation, explanations and the registry use.

A kind of model is one class in a module named after its ``form``. It scores, describes itself for
storage, and explains itself through its margins. An ability that a kind lacks is None.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from scorer.arrays import Codes, Mask, Matrix, Vector
from scorer.features import FeatureSchema
from scorer.forest import Eligible
from scorer.models.calibration import Calibration
from scorer.models.objectives import Objective
from scorer.models.stored import Description, Files, Stored

Effect = tuple[tuple[int, ...], Vector, Vector]
"""Positions of features, what they add to margins, and the part that only this offer gets."""


class RewardModel(Protocol):
    """A model of the reward of each offer for each user."""

    @property
    def form(self) -> str:
        """Name of the class in stored models, and of its module in :mod:`scorer.models`."""

    @property
    def kind(self) -> str:
        """Name of the candidate, e.g. ``residual_trees``; see :mod:`scorer.training.candidates`."""

    @property
    def offer_ids(self) -> tuple[str, ...]:
        """Offers the model was trained on; column j of the scores is ``offer_ids[j]``."""

    @property
    def schema(self) -> FeatureSchema:
        """Schema that encodes users for :meth:`score`."""

    @property
    def margin_model(self) -> MarginModel | None:
        """The part whose margins explain the scores; None if scores do not depend on users."""

    @property
    def short_lists(self) -> ShortLists | None:
        """The part that finds the best offers of personalised users; None if only scores do."""

    @property
    def success_values(self) -> Vector | None:
        """Value of one success of each offer if scores are P(success) x value, else None."""

    def score(self, users: Matrix) -> Vector:
        """Calibrated expected reward per display, float64 (n_users, n_offers).

        ``users`` is float32 (n_users, n_features); a probability for a binary KPI.
        """

    def score_one(self, user: Matrix) -> tuple[Vector, bool]:
        """Score of one user for a decision at request time, and whether it is personalised.

        The row of :meth:`score`, float64 (n_offers,), and the element of :meth:`personalises` of
        this user, float32 (n_features,), in microseconds. ``self.score(user[None])[0]`` is correct,
        but too slow for much traffic.
        """

    def shown(self, users: Matrix, offers: Codes) -> Vector:
        """Score of ``offer_ids[offers[i]]`` for user i, float64 (n,), without all other scores.

        Equal to the entries of :meth:`score` up to the rounding of float32.
        """

    def personalises(self, users: Matrix) -> Mask:
        """True where the ranking is personalised, bool (n_users,); elsewhere the means rank."""

    def recalibrated(self, correction: Calibration, objective: Objective) -> RewardModel:
        """The same order of offers with corrected scores.

        ``correction`` maps margins of the current scores to scores in the objective's unit.
        """

    def description(self) -> tuple[Description, Files]:
        """JSON-ready description, with its ``form``, and files; without schema and offers."""

    @classmethod
    def from_description(cls, stored: Stored) -> RewardModel:
        """Inverse of :meth:`description`.

        Raises KeyError, TypeError or ValueError if the description or a file is wrong.
        """


class MarginModel(Protocol):
    """A model whose scores are one increasing function of margins that can be taken apart."""

    @property
    def schema(self) -> FeatureSchema:
        """Schema that encodes users."""

    @property
    def offer_ids(self) -> tuple[str, ...]:
        """Offers in the order of the columns."""

    @property
    def calibration(self) -> Calibration:
        """The map of margins to scores."""

    @property
    def rounds(self) -> int:
        """Boosting rounds; 0 without trees."""

    def margins(self, users: Matrix) -> Matrix:
        """Uncalibrated margins of every user and offer, float32 (n_users, n_offers)."""

    def shown_margins(self, users: Matrix, offers: Codes) -> Matrix:
        """Uncalibrated margins of one offer per user, float32 (n,); offers are int64 (n,)."""

    def effects(self, users: Matrix, offers: Codes) -> Iterator[Effect]:
        """Effects that add up to the margins of one offer per user; arrays are float64 (n,).

        The empty key is the offer itself. A key may occur more than once: effects add up.
        """

    def gains(self) -> Vector | None:
        """Reduction of the training loss by splits on the offer (0) and on each feature.

        float64 (1 + n_features,); None without trees.
        """


class ShortLists(Protocol):
    """A model that finds the best offers of each user without returning all scores."""

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
