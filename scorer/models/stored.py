"""A model in its stored form: a JSON-ready description and files; nothing is ever pickled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scorer.arrays import Vector
from scorer.features import FeatureSchema

if TYPE_CHECKING:
    from scorer.models.protocol import RewardModel

Description = dict[str, Any]
Files = dict[str, bytes]


@dataclass(frozen=True)
class Stored:
    """The stored parts of a model.

    ``schema`` and ``offer_ids`` are in the manifest once for all parts of a model; ``kind_of``
    finds the class of a form.
    """

    description: Mapping[str, Any]
    files: Mapping[str, bytes]
    schema: FeatureSchema
    offer_ids: tuple[str, ...]
    kind_of: Callable[[str], type[RewardModel]]

    def restored(self) -> RewardModel:
        """The model; KeyError, TypeError or ValueError if the description or a file is wrong."""
        return self.kind_of(self.description["form"]).from_description(self)

    def part(self, name: str) -> Stored:
        """The stored model that the description holds under a name."""
        return replace(self, description=self.description[name])

    def numbers(self, name: str) -> Vector:
        """Numbers of the description, one per offer, float64 (n_offers,)."""
        numbers = np.array(self.description[name], dtype=np.float64)
        if numbers.shape != (len(self.offer_ids),):
            raise ValueError(f"{name} of shape {numbers.shape} for {len(self.offer_ids)} offers")
        return numbers
