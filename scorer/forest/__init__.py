"""Exact factorised scoring of XGBoost forests: every offer for every user, no cross product."""

from scorer.forest.checking import load_booster
from scorer.forest.eligibility import Eligible
from scorer.forest.factorised import FactorisedForest, TopK

__all__ = ["Eligible", "FactorisedForest", "TopK", "load_booster"]
