"""A strategy that trains every week in a world that stays as it is: see benchmarks.replacement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from benchmarks.feedback import Floats
from benchmarks.population import Users, declared_schema, draw_users
from benchmarks.worlds import World, WorldSpec, population
from scorer.arrays import Codes
from scorer.features import encode_users
from scorer.models.protocol import RewardModel
from scorer.training.candidates import BEST_SINGLE
from scorer.training.cross_fitting import DEPLOYED, Incumbent
from scorer.training.examples import encode_examples
from scorer.training.gate import Standing, credibly_worse
from scorer.training.train import Training, TrainingPlan, train
from scorer.training.workbench import deal_folds

WEEKS_KNOWN = 4
AMOUNTS = "+amounts"
_START = datetime(2026, 1, 5)
_SPREAD = 0.8


@dataclass(frozen=True)
class Comparison:
    """One comparison with the deployed model; what is true is relative to its true value.

    ``z`` and ``error``, the estimate's distance from the truth, are in standard errors of rows,
    NaN without an estimate. ``measured`` is the true difference of the very policies that were
    compared, ``served`` that of the model that would be deployed.
    """

    is_damaged: bool
    is_held_back: bool
    z: float
    error: float
    measured: float
    served: float


class Life:
    """A strategy in a world of so many displays in four weeks; amounts are log-normal."""

    def __init__(self, name: str, seed: int, exploration: float) -> None:
        spec = WorldSpec.parse(name.removesuffix(AMOUNTS), 40_000)
        self.kpi_type = "continuous" if name.endswith(AMOUNTS) else "binary"
        self.exploration, self.rng = exploration, np.random.default_rng([seed, 2])
        self.world = World.plant(spec, np.random.default_rng([seed, 1]))
        self.people = draw_users(self.rng, spec.displays // 2)
        self.fresh = population(seed, 10_000)
        self.deployed: Incumbent | None = None
        self.standing: Standing | None = None
        self.tables, self.rates = list[pa.Table](), list[Floats]()
        for _ in range(WEEKS_KNOWN):
            self._show()

    def compare(self, cycles: int) -> list[Comparison]:
        """Live so many cycles after the first, which has nothing to compare with."""
        self._deploy(self._train())
        found = []
        for cycle in range(cycles):
            self._show()
            training = self._train()
            found.append(self._judge(training))
            stays = found[-1].is_held_back
            if cycle % 2:
                found.append(self._judge(self._train(is_damaged=True), is_damaged=True))
            if not stays:
                self._deploy(training)
        return found

    def _show(self) -> None:
        """Add a week of displays; a person is drawn for random displays or not for all of it."""
        n, rng, week = self.world.spec.displays // WEEKS_KNOWN, self.rng, len(self.tables)
        n_offers, share = self.world.spec.offers, self.exploration if self.deployed else 1.0
        who = rng.integers(0, len(self.people), n)
        users, own = self.people.take(who), np.arange(n)
        offers, propensity = rng.integers(0, n_offers, n), np.full(n, share / n_offers)
        if self.deployed is not None:
            best = self._choices(self.deployed.model, users)
            offers = np.where((rng.random(len(self.people)) < share)[who], offers, best)
            propensity += (1 - share) * (offers == best)
        rates = self.world.rates(users)
        success = rng.random(n) < rates[own, offers]
        rewards = success.astype(np.float64)
        if self.kpi_type == "continuous":
            rewards *= np.exp(rng.normal(-(_SPREAD**2) / 2, _SPREAD, n))
        seconds = (own * (7 * 86_400 / n)).astype("timedelta64[s]")
        features = users.table()
        fixed = {
            "display_id": pa.array([f"d{week:03}-{i:07}" for i in range(n)]),
            "event_ts": pa.array(np.datetime64(_START + timedelta(weeks=week), "us") + seconds),
            "profile_id": pa.array(np.char.add("p", who.astype(str))),
            "offer_id": pa.array(self.world.offer_ids).take(pa.array(offers)),
            "propensity": pa.array(propensity),
            "reward": pa.array(rewards),
            "is_success": pa.array(success),
        }
        columns = dict(zip(features.column_names, features.columns, strict=True))
        self.tables.append(pa.table(fixed | columns))
        self.rates.append(rates)

    def _train(self, is_damaged: bool = False) -> Training:
        return train(self._window(is_damaged), declared_schema(), self._plan)

    @property
    def _plan(self) -> TrainingPlan:
        offers, deployed = self.world.offer_ids, self.deployed
        return TrainingPlan(
            self.kpi_type, offers, incumbent=deployed, standing=self.standing, as_of=_START
        )

    def _window(self, is_damaged: bool = False) -> pa.Table:
        table = pa.concat_tables(self.tables[-WEEKS_KNOWN:])
        if not is_damaged:
            return table
        older = table.num_rows * (WEEKS_KNOWN - 1) // WEEKS_KNOWN
        rows = np.arange(table.num_rows)
        rows[:older] = self.rng.permutation(older)
        dealt = table.select(["reward", "is_success"]).take(pa.array(rows))
        for name in dealt.column_names:
            table = table.set_column(table.column_names.index(name), name, dealt[name])
        return table

    def _deploy(self, training: Training) -> None:
        nominee, verdict = training.nominee, training.verdict
        self.deployed = Incumbent(nominee.model, nominee.data_window_end)
        seen = verdict.gain_seen
        self.standing = None if seen is None else Standing(seen, verdict.held_back_placements)

    def _judge(self, training: Training, is_damaged: bool = False) -> Comparison:
        found, deployed = training.over_deployed, self.deployed
        assert found is not None
        assert deployed is not None
        ours, theirs = self._compared(training)
        z, error = np.nan, np.nan
        if found.difference is not None and found.standard_error:
            of_rows = found.standard_error / 2**0.5
            z, error = (d / of_rows for d in (found.difference, found.difference - ours + theirs))
        new, old = (self._value(model) for model in (training.nominee.model, deployed.model))
        held_back = credibly_worse(found)
        return Comparison(is_damaged, held_back, z, error, ours / theirs - 1, new / old - 1)

    def _compared(self, training: Training) -> tuple[float, float]:
        """True values of the nominee, as it was measured, and of the deployed model."""
        since, plan = training.since, self._plan
        assert since is not None
        examples = encode_examples(self._window(), declared_schema(), plan.offers, self.kpi_type)
        names, own = since.scored.names, np.arange(len(since.rows))
        candidates = [names.index(candidate.name) for candidate in training.selection.candidates]
        codes = np.array(candidates)[training.selection.by_fold]
        codes = codes[deal_folds(examples, plan.seed)[since.rows]]
        if not training.verdict.personalises:
            codes = np.full(own.size, names.index(BEST_SINGLE))
        values = np.concatenate(self.rates[-WEEKS_KNOWN:])[since.rows]
        chosen = since.scored.choice[codes, own], since.scored.choice[names.index(DEPLOYED)]
        ours, theirs = (float(values[own, choice].mean()) for choice in chosen)
        return ours, theirs

    def _value(self, model: RewardModel) -> float:
        rates, choices = self.world.rates(self.fresh), self._choices(model, self.fresh)
        return float(rates[np.arange(choices.size), choices].mean())

    def _choices(self, model: RewardModel, users: Users) -> Codes:
        return model.score(encode_users(users.table(), model.schema)).argmax(axis=1)
