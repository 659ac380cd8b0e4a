"""A BentoML service with the ranker of `nextoffer serve`; run by `benchmarks.online_peers`."""

from __future__ import annotations

import os
from typing import Any

import bentoml
import msgspec

from scorer.online import Decider, Request


@bentoml.service(workers=1)
class Offers:
    """Decides for one person at a time, in one process."""

    def __init__(self) -> None:
        self._decider = Decider.open(os.environ["NEXTOFFER_BENCH_HOME"])

    @bentoml.api(route="/v1/decisions")
    async def decide(self, profile_id: str, placements: list[str]) -> dict[str, Any]:
        """The same answer as that of `nextoffer serve`."""
        decision = self._decider.decide(Request(profile_id, placements=placements))
        return msgspec.to_builtins(decision)
