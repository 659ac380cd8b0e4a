"""Off-policy evaluation: estimates the value of a policy from displays that another policy chose.

Arrays in, numbers out. This package does not depend on strategies, models or databases.
"""

from scorer.ope.estimators import ESTIMATORS
from scorer.ope.evaluation import PairedDifference, PolicyEstimate, compare, evaluate
from scorer.ope.feedback import LoggedFeedback, TargetPolicy

__all__ = [
    "ESTIMATORS",
    "LoggedFeedback",
    "PairedDifference",
    "PolicyEstimate",
    "TargetPolicy",
    "compare",
    "evaluate",
]
