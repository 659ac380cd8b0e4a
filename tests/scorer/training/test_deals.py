"""The evidence near the threshold is averaged over deals of people into folds."""

from __future__ import annotations

import pytest

from scorer.ope.evaluation import INSUFFICIENT, OK, PairedDifference
from scorer.training import deals
from scorer.training.candidates import BEST_SINGLE
from scorer.training.cross_fitting import cross_fit
from scorer.training.deals import MOST_DEALS, average_over_deals, is_clear
from scorer.training.logged_policies import LoggedPolicies
from scorer.training.model_choice import Selection, select
from scorer.training.workbench import Workbench
from tests.support.benches import bench
from tests.support.training_inputs import worked_example


@pytest.fixture(scope="module")
def made() -> Workbench:
    """A workbench of 1,200 displays with a clear gain."""
    return bench(worked_example(5, 600))


@pytest.fixture(scope="module")
def first(made: Workbench) -> Selection:
    """The selection of its first deal."""
    logged = LoggedPolicies.of(made.examples, cross_fit(made))
    return select(logged, made.folds[logged.rows], made.n_folds)


def found(z: float) -> PairedDifference:
    """Return evidence of a strength."""
    return PairedDifference(OK, difference=1.0, standard_error=1.0, z=z)


def test_a_verdict_is_clear_sooner_the_more_deals_agree() -> None:
    """A z of 2.2 is 0.56 above the threshold: not clear after one deal, clear after three."""
    assert not is_clear(found(2.2), 1.64, 1)
    assert is_clear(found(2.2), 1.64, 3)


def test_the_last_deal_decides() -> None:
    """At the threshold, the verdict is clear only after the last deal, or the only possible one."""
    assert not is_clear(found(1.64), 1.64, MOST_DEALS - 1)
    assert is_clear(found(1.64), 1.64, MOST_DEALS)
    assert is_clear(found(1.64), 1.64, 1, most=1)


def test_without_an_estimate_one_further_deal_tries() -> None:
    """Too few responses in the first deal may be enough in the second; no third is tried."""
    assert not is_clear(PairedDifference(INSUFFICIENT), 1.64, 1)
    assert is_clear(PairedDifference(INSUFFICIENT), 1.64, 2)


def test_clear_evidence_is_that_of_the_first_deal(made: Workbench, first: Selection) -> None:
    """Nothing is dealt again for a clear verdict."""
    assert average_over_deals(made, first, 1.64) == (first, 1)


def test_a_further_deal_fits_only_what_serves_its_folds(
    made: Workbench, first: Selection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Candidates that the first deal does not choose are not fitted again, and estimates agree."""
    assert first.evidence.z is not None
    monkeypatch.setattr(deals, "MOST_DEALS", 2)
    again: list[Workbench] = []
    dealt = made.dealt_again
    monkeypatch.setattr(made, "dealt_again", lambda deal: again.append(dealt(deal)) or again[-1])
    average, n = average_over_deals(made, first, first.evidence.z)
    assert n == 2
    assert average.gain.difference == pytest.approx(first.gain.difference, rel=0.2)
    chosen = {first.candidates[best].name for best in first.best_elsewhere(made.folds, 5)}
    fitted = {name for name, _ in again[0]._models}
    assert fitted <= {BEST_SINGLE, first.logged.reference, *chosen, "pooled_trees"}
    assert len(fitted) < len(first.candidates)
