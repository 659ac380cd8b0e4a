"""The parts of a program: the worked tree of docs/forest.md, and shared rows."""

from __future__ import annotations

import numpy as np

from scorer.forest import FactorisedForest
from scorer.forest.compiling import compile_forest
from scorer.forest.parsing import parse
from scorer.forest.programs import Program
from tests.support.forests import Case, Shape, loaded, node_json, random_case, skeleton, tree_json

CARD, LOAN, FUND = 0, 1, 2


def worked_program() -> Program:
    """The tree of the documentation: column 0 is the offer, 1 visits, 3 income."""
    nodes = [node_json(0, value) for value in (3.0, 0.0, 50.0, 0.4, 0.1, 0.0, 0.3, -0.2, 0.2)]
    nodes[0].update(left=1, right=2, column=1)
    nodes[1].update(left=3, right=4, codes=[CARD, FUND])
    nodes[2].update(left=5, right=6, column=3)
    nodes[5].update(left=7, right=8, codes=[LOAN, FUND])
    model = skeleton(4, "reg:squarederror")
    model["learner"]["gradient_booster"]["model"]["trees"] = [tree_json(nodes, 4, 0)]
    forest = parse(loaded(model))
    return compile_forest(forest, np.arange(3, dtype=np.float32)[:, None]).program


def test_the_worked_tree_becomes_the_documented_program() -> None:
    """Two conditions, two paths, three rows and five writes."""
    program = worked_program()
    income, visits, comes, stays = 1, 2, 3, 4
    assert program.conditions.threshold.tolist() == [50, 3]
    assert program.paths.tolist() == [[0, visits, 1], [comes, income, 1]]
    assert program.members.tolist() == [1, 0, 2]
    assert program.classes.tolist() == [[-1, 0], [-1, 2], [0, 4], [-1, 5]]
    assert program.start[:2].tolist() == np.float32([0.4, 0.1]).tolist()
    assert program.blend_mask.tolist() == [comes, stays, comes, stays, visits]
    weights = np.float32([0.2, 0.3, -0.2, 0.3, 0.1])
    np.testing.assert_array_equal(program.blend_weight, weights)


def test_more_offers_of_a_kind_cost_no_more_rows() -> None:
    """Offers that no split distinguishes share one row of each tree."""
    case = random_case(Shape(n_offers=3), np.random.default_rng(0))
    many = Case(case.booster, np.tile(case.offers, (50, 1)), case.offer_columns, case.users)
    few, more = (FactorisedForest(c.booster, c.offers, c.offer_columns) for c in (case, many))
    assert more.program.start.size == few.program.start.size
    assert more.program.blend_mask.size == few.program.blend_mask.size
