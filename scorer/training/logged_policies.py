"""Models that scored displays, as target policies for off-policy evaluation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scorer.arrays import Codes, Mask
from scorer.ope.evaluation import CROSS_FITTED
from scorer.ope.feedback import LoggedFeedback, TargetPolicy
from scorer.training.cross_fitting import DEPLOYED, Scored
from scorer.training.examples import Examples


@dataclass(frozen=True)
class LoggedPolicies:
    """Displays that can evaluate, with the offer that every model would have shown instead.

    These are the displays at the first position with a known propensity and an eligible ready
    offer. ``rows``, int64, are their positions in the examples; ``without_propensity`` counts the
    displays at the first position without a known propensity. ``reference`` is the model whose
    expected rewards all doubly robust estimates start from. ``inflation`` multiplies the standard
    errors of gains of models that learned from these displays.
    """

    examples: Examples
    scored: Scored
    reference: str
    rows: Codes
    without_propensity: int
    inflation: float = CROSS_FITTED

    @classmethod
    def of(cls, examples: Examples, scored: Scored, rows: Mask | None = None) -> LoggedPolicies:
        """Keep the chosen rows (bool (n,), default all) that can evaluate a policy.

        The reference is the model with the smallest squared error on these displays. It is never
        the deployed model, which has seen most of them.
        """
        unknown = examples.first & np.isnan(examples.propensity)
        kept = examples.evaluates & (scored.choice >= 0).all(axis=0)
        if rows is not None:
            unknown, kept = unknown & rows, kept & rows
        places = np.flatnonzero(kept)
        scored = scored.at(places)
        examples = examples.take(places)
        errors = np.zeros(len(scored.names))
        if len(examples):
            errors = ((scored.logged - examples.rewards) ** 2).mean(axis=1)
        errors[[name == DEPLOYED for name in scored.names]] = np.inf
        reference = scored.names[int(np.argmin(errors))]
        return cls(examples, scored, reference, places, int(unknown.sum()))

    def subset(self, rows: Mask) -> LoggedPolicies:
        """The chosen displays, bool (n,), with the same reference."""
        chosen = LoggedPolicies.of(self.examples, self.scored, rows)
        return replace(
            chosen,
            reference=self.reference,
            rows=self.rows[chosen.rows],
            inflation=self.inflation,
        )

    @property
    def feedback(self) -> LoggedFeedback:
        """Rewards, propensities and profiles of the displays."""
        examples = self.examples
        return LoggedFeedback(examples.rewards, examples.propensity, examples.profiles)

    def policy(self, name: str, by_rank: bool = False) -> TargetPolicy:
        """The policy that shows the offer with the highest score of the named model.

        ``by_rank``: the policy that draws offers by their rank instead.
        """
        return self.patchwork([name], np.zeros(len(self.rows), dtype=np.int64), by_rank)

    def patchwork(self, names: list[str], part: Codes, by_rank: bool = False) -> TargetPolicy:
        """The policy that follows model ``names[part[i]]`` at display i; ``part`` int64 (n,).

        For a draw by rank, the expected reward is the mean over all offers for any model, so the
        expectations of two such policies are equal, and only propensities decide which one is
        better.
        """
        codes = np.array([self.scored.names.index(name) for name in names])[part]
        own, reference, scored = np.arange(len(part)), self._reference, self.scored
        probability = (scored.choice[codes, own] == self.examples.offers).astype(np.float64)
        expected = scored.at_choice[reference, codes, own].astype(np.float64)
        logged = scored.logged[reference]
        if by_rank:
            probability = np.where(scored.has_many, scored.by_rank[codes, own], probability)
            expected = np.where(scored.has_many, scored.average[reference], expected)
            logged = np.where(scored.has_many, scored.average[reference], logged)
        return TargetPolicy(probability, expected, logged)

    @property
    def random(self) -> TargetPolicy:
        """The policy that draws uniformly from the offers that could have been shown."""
        shares = 1 / self.examples.eligible.sum(axis=1)
        reference = self._reference
        return TargetPolicy(shares, self.scored.average[reference], self.scored.logged[reference])

    @property
    def _reference(self) -> int:
        return self.scored.names.index(self.reference)
