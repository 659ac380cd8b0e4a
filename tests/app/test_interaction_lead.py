"""What the page Interactions leads with: the strongest effect beyond chance, never noise."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from app.database import Publication, find_publication
from app.queries import interactions as queries
from app.sentences import interactions as sentences
from benchmarks.synthetic_publication import small_world, write_publication
from tests.support.opening import Opener, today
from tests.support.texts import text_of

Rates = npt.NDArray[np.float64]
DISPLAYS = 400


def cells(strategy: str, rates: Rates, generator: np.random.Generator) -> list[dict[str, Any]]:
    """Return cells of one offer by the values of two features, successes drawn at the rates."""
    found = []
    for i, j in product(*map(range, rates.shape)):
        successes = int(generator.binomial(DISPLAYS, rates[i, j]))
        of = {"strategy_id": strategy, "offer_id": "loan", "displays": DISPLAYS}
        names = {"feature_name": "age", "other_feature_name": "device"}
        values = {"feature_value": f"a{i}", "other_feature_value": f"d{j}"}
        found.append(of | names | values | {"successes": successes, "rate": successes / DISPLAYS})
    return found


def published(home: Path, rows: list[dict[str, Any]]) -> Publication:
    """Return a publication with these cells."""
    changes = {"offer_feature_interactions": rows}
    write_publication(home, today(), small_world(), changes=changes)
    found = find_publication(home)
    assert found is not None
    return found


def lead_of(publication: Publication, strategy: str = "web") -> pd.Series:
    """Return the strongest effect of a strategy."""
    return queries.strongest(publication, strategy, False).iloc[0]


def test_noise_is_credible_in_5_of_100_at_most(tmp_path: Path) -> None:
    """Where age and device only add up, 150 strategies rarely lead with an effect of both."""
    generator = np.random.default_rng(1)
    alone = np.outer([0.5, 1, 2], [0.1, 0.12, 0.15, 0.08])
    names = [f"s{n}" for n in range(150)]
    publication = published(
        tmp_path, [row for name in names for row in cells(name, alone, generator)]
    )
    leads = [lead_of(publication, name) for name in names]
    assert {lead["tests"] for lead in leads} == {3 * 6}
    assert np.mean([sentences.is_credible(lead) for lead in leads]) <= 0.05


def test_an_effect_of_both_is_named_with_its_cells_and_size(tmp_path: Path) -> None:
    """An exclusive-or leads, with the four rates and a factor whose interval excludes 1."""
    rates = np.array([[0.2, 0.05, 0.1], [0.05, 0.2, 0.1]])
    lead = lead_of(published(tmp_path, cells("web", rates, np.random.default_rng(2))))
    assert sentences.is_credible(lead)
    assert lead["tests"] == 3
    said = sentences.lead(lead, is_amount=False)
    for part in ("**loan**", "age is a0", "age is a1", "device is d0", "it is d1", "3 comparisons"):
        assert part in said
    factor = np.exp(abs(lead["contrast"]))
    assert f"factor of {factor:.1f}, at least {sentences.least(lead):.1f}" in said
    assert 1 < sentences.least(lead) < factor


def test_more_comparisons_need_a_stronger_effect() -> None:
    """The same contrast is credible alone and not among a million."""
    effect = {"contrast": 1.0, "error": 0.3}
    assert sentences.is_credible(pd.Series(effect | {"tests": 1}))
    assert not sentences.is_credible(pd.Series(effect | {"tests": 1_000_000}))


@pytest.mark.parametrize("successes", [4, 5])
def test_cells_with_few_successes_are_not_compared(successes: int, tmp_path: Path) -> None:
    """All four cells need 5 successes."""
    rows = cells("web", np.full((2, 2), 0.5), np.random.default_rng(3))
    rows[0] |= {"successes": successes, "rate": successes / DISPLAYS}
    found = queries.strongest(published(tmp_path, rows), "web", False)
    assert len(found) == int(successes >= 5)


def test_the_page_does_not_lead_with_noise(tmp_path: Path, open_page: Opener) -> None:
    """Equal rates give a sentence that nothing is beyond chance, and how many were compared."""
    rows = cells("web", np.full((2, 3), 0.1), np.random.default_rng(4))
    alone = [row | {"other_feature_name": None, "other_feature_value": None} for row in rows[:2]]
    published(tmp_path, rows + alone)
    said = text_of(open_page(tmp_path, "interactions"))
    assert "No offer depends on two features together beyond chance" in said
    assert "all 3 comparisons" in said
