"""Planted worlds: logged displays with an exactly known truth.

The success rate of user u and offer o is ``sigmoid(a_o + main(u) + z(u) @ w_o)``. The truth
determines z:

=========  ==========================================================================
additive   the user's centred features: linear user x offer interactions
threshold  steps of the numbers; each offer reacts to a few of them
xnor       agreement of two coin-flip segments: no single feature is informative
kin        the same as additive; offers of a kin share most of their weights
rare       two groups of 5 %, which succeed at 10 % with one half of the offers each
means      empty: offers differ in their mean only, the best single offer is optimal
null       empty: offers do not differ at all
=========  ==========================================================================

A world's name is ``truth-offers-rate[-displays][-kpi][-logged]``, for example ``additive-100-2`` or
``xnor-20-5-200k-logged``: 20 offers, 5 % mean rate, 200 thousand displays (in ``rare`` worlds the
rate of everybody else). The KPI is clicks, or amounts of successes: ``heavy`` (log-normal, sigma
1.5) or ``negative`` (the same, 40 % of them refunds). Logging is uniform random; ``logged`` means a
mixture of uniform (30 %) and an older, half-right model's softmax.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import expit, logit, softmax

from benchmarks.feedback import FeedbackLog
from benchmarks.population import Floats, Users, declared_schema, draw_users

TRUTHS = ("additive", "threshold", "xnor", "kin", "rare", "means", "null")
NULL_TRUTHS = ("means", "null")
THRESHOLDS = np.array([-0.8, -0.3, 0.2, 0.7, 1.2])
OFFER_DEVIATION = 0.3
MAIN_DEVIATION = 0.6
INTERACTION_DEVIATION = 0.7
EFFECTS_PER_OFFER = {"additive": 12, "threshold": 3, "xnor": 2, "kin": 12}
OFFERS_PER_KIN, KIN_SHARE = 25, 0.75
RARE_LANGUAGES, RARE_RATE = ((5,), (6, 7)), 0.1
UNIFORM_SHARE = 0.3
HEAVY_SIGMA, REFUNDS = 1.5, 0.4
_OLD_MODEL_SHARPNESS = 2.0
_PIECE = 5_000_000
_START = datetime(2026, 10, 23)
_NAME = re.compile(
    r"(?P<truth>[a-z]+)-(?P<offers>\d+)-(?P<rate>[\d.]+)(-(?P<k>\d+)k)?"
    r"(-(?P<kpi>heavy|negative))?(-logged)?"
)


@dataclass(frozen=True)
class WorldSpec:
    """The kind of world; ``rate`` is the mean success rate of random displays, a fraction."""

    truth: str
    offers: int
    rate: float
    displays: int
    is_logged: bool = False
    kpi: str = "clicks"

    @classmethod
    def parse(cls, name: str, displays: int) -> WorldSpec:
        """Spec of the name of a world; ``displays`` if the name has none."""
        found = _NAME.fullmatch(name)
        if not found or found["truth"] not in TRUTHS:
            raise ValueError(
                f"world {name!r}: expected truth-offers-rate[-displays][-logged] such as"
                f" additive-100-2 or xnor-20-5-200k, with truth one of {', '.join(TRUTHS)}"
            )
        count = int(found["k"]) * 1000 if found["k"] else displays
        rate = float(found["rate"]) / 100
        logged, kpi = name.endswith("-logged"), found["kpi"] or "clicks"
        return cls(found["truth"], int(found["offers"]), rate, count, logged, kpi)

    @property
    def name(self) -> str:
        logged = "-logged" if self.is_logged else ""
        logged = logged if self.kpi == "clicks" else f"-{self.kpi}{logged}"
        return f"{self.truth}-{self.offers}-{self.rate * 100:g}-{self.displays // 1000}k{logged}"

    @property
    def is_null(self) -> bool:
        """True if no personal ranking can beat the best single offer."""
        return self.truth in NULL_TRUTHS


@dataclass(frozen=True)
class World:
    """A truth: ``intercepts`` (n_offers,), ``main`` (n_design,), ``weights`` (n_z, n_offers)."""

    spec: WorldSpec
    intercepts: Floats
    main: Floats
    weights: Floats

    @classmethod
    def plant(cls, spec: WorldSpec, rng: np.random.Generator) -> World:
        """Draw a truth and set its level so that random displays succeed at the spec's rate."""
        users = draw_users(rng, 4000)
        main = rng.normal(size=users.design().shape[1])
        main *= MAIN_DEVIATION / (users.design() @ main).std()
        intercepts = rng.normal(0.0, OFFER_DEVIATION, spec.offers)
        world = cls(spec, intercepts, main, _weights(spec, users, rng))
        if spec.truth == "rare":
            level = np.full(spec.offers, logit(spec.rate))
            return replace(world, intercepts=level, main=main * 0.0)
        if spec.truth == "null":
            world = replace(world, intercepts=np.zeros(spec.offers))
        return world._at_rate(users)

    @property
    def offer_ids(self) -> tuple[str, ...]:
        return tuple(f"offer_{j:03}" for j in range(self.spec.offers))

    @property
    def characteristics(self) -> dict[str, dict[str, str]]:
        """The kin of each offer in a world with kin, else nothing."""
        if self.spec.truth != "kin":
            return {}
        kin = _kin_of(self.spec.offers)
        return {o: {"kin": f"kin_{k:02}"} for o, k in zip(self.offer_ids, kin, strict=True)}

    def logits(self, users: Users) -> Floats:
        """True log odds of success, shape (n_users, n_offers)."""
        main = users.design() @ self.main
        return main[:, None] + self.intercepts + _basis(self.spec.truth, users) @ self.weights

    def rates(self, users: Users) -> Floats:
        """True success rates, shape (n_users, n_offers)."""
        return expit(self.logits(users))

    def log(self, rng: np.random.Generator) -> FeedbackLog:
        """Displays in the shape of ``training_examples``, about two per profile."""
        n = self.spec.displays
        profiles = rng.integers(0, max(1, n // 2), n)
        users = draw_users(rng, max(1, n // 2)).take(profiles)
        offers, propensity, rates = self._choices(users, rng)
        success = rng.random(n) < rates
        rewards = success * self._amounts(n, rng)
        fixed = {
            "display_id": pa.array(np.char.add("d", np.arange(n).astype(str))),
            "event_ts": pa.array(_times(n)),
            "profile_id": pa.array(np.char.add("p", profiles.astype(str))),
            "offer_id": pa.array(self.offer_ids).take(pa.array(offers)),
            "propensity": pa.array(propensity),
            "reward": pa.array(rewards),
            "is_success": pa.array(success),
        }
        features = users.table()
        columns = fixed | dict(zip(features.column_names, features.columns, strict=True))
        kpi_type = "binary" if self.spec.kpi == "clicks" else "continuous"
        table, schema = pa.table(columns), declared_schema()
        return FeedbackLog(table, schema, self.offer_ids, kpi_type, self.characteristics)

    def _amounts(self, n: int, rng: np.random.Generator) -> Floats:
        """Amounts of successes, (n,), with the same mean for all offers and users."""
        if self.spec.kpi == "clicks":
            return np.ones(n)
        amounts = 20.0 * rng.lognormal(-(HEAVY_SIGMA**2) / 2, HEAVY_SIGMA, n)
        if self.spec.kpi == "negative":
            amounts *= np.where(rng.random(n) < REFUNDS, -1.0, 1.0)
        return amounts

    def _choices(
        self, users: Users, rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
        """Logged offers, their propensities and their true rates."""
        n, n_offers = len(users), self.spec.offers
        if self.spec.is_logged:
            offers, propensity = self._mixture(users, rng)
        else:
            offers, propensity = rng.integers(0, n_offers, n), np.full(n, 1 / n_offers)
        interactions = np.empty(n)
        for rows in _pieces(n, self.weights.shape[0]):
            basis = _basis(self.spec.truth, users.take(rows))
            interactions[rows] = (basis * self.weights.T[offers[rows]]).sum(axis=1)
        main = users.design() @ self.main
        return offers, propensity, expit(main + self.intercepts[offers] + interactions)

    def _mixture(
        self, users: Users, rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.int64], Floats]:
        """Offers and propensities of the uniform and half-right mixture."""
        n, n_offers = len(users), self.spec.offers
        drift = _weights(self.spec, users.take(np.arange(min(4000, n))), rng)
        offers, propensity = np.empty(n, np.int64), np.empty(n)
        for rows in _pieces(n, n_offers):
            basis = _basis(self.spec.truth, users.take(rows))
            old = self.intercepts + basis @ (self.weights + drift) / 2
            chances = (1 - UNIFORM_SHARE) * softmax(_OLD_MODEL_SHARPNESS * old, axis=1)
            chances += UNIFORM_SHARE / n_offers
            drawn = (chances.cumsum(axis=1) < rng.random((rows.size, 1))).sum(axis=1)
            offers[rows] = np.minimum(drawn, n_offers - 1)
            propensity[rows] = chances[np.arange(rows.size), offers[rows]]
        return offers, propensity

    def _at_rate(self, users: Users) -> World:
        """The same world moved to the mean rate of the spec, by bisection on the level."""
        logits, low, high = self.logits(users), -20.0, 20.0
        for _ in range(50):
            middle = (low + high) / 2
            if expit(logits + middle).mean() < self.spec.rate:
                low = middle
            else:
                high = middle
        return replace(self, intercepts=self.intercepts + low)


def make(spec: WorldSpec, seed: int) -> tuple[World, FeedbackLog]:
    """World and log of a seed; the same arguments give the same rows."""
    world = World.plant(spec, np.random.default_rng([seed, 1]))
    return world, world.log(np.random.default_rng([seed, 2]))


def population(seed: int, users: int) -> Users:
    """New users to measure policies on, not those of the log."""
    return draw_users(np.random.default_rng([seed, 3]), users)


def _basis(truth: str, users: Users) -> Floats:
    if truth in ("additive", "kin"):
        return users.design()
    if truth == "rare":
        language = users.categories[:, -1]
        groups = [np.isin(language, values) for values in RARE_LANGUAGES]
        return np.stack(groups, axis=1).astype(np.float64)
    if truth == "threshold":
        return users.steps(THRESHOLDS)
    if truth == "xnor":
        return users.pairs()
    return np.zeros((len(users), 1))


def _weights(spec: WorldSpec, users: Users, rng: np.random.Generator) -> Floats:
    """Sparse random weights whose interaction has the same deviation for every offer."""
    basis = _basis(spec.truth, users)
    if spec.truth == "rare":
        strong = logit(RARE_RATE) - logit(spec.rate)
        wanted = np.arange(spec.offers) % 2 == np.arange(len(RARE_LANGUAGES))[:, None]
        return strong * wanted.astype(np.float64)
    if spec.truth == "kin":
        kin = _kin_of(spec.offers)
        shared = _sparse(basis, int(kin.max()) + 1, spec.truth, rng)[:, kin]
        own = _sparse(basis, spec.offers, spec.truth, rng)
        return np.sqrt(KIN_SHARE) * shared + np.sqrt(1 - KIN_SHARE) * own
    if spec.is_null:
        return rng.normal(size=(basis.shape[1], spec.offers)) * 0.0
    return _sparse(basis, spec.offers, spec.truth, rng)


def _sparse(basis: Floats, columns: int, truth: str, rng: np.random.Generator) -> Floats:
    weights = rng.normal(size=(basis.shape[1], columns))
    order = rng.random(weights.shape).argsort(axis=0)
    weights[order >= EFFECTS_PER_OFFER[truth]] = 0.0
    return weights * INTERACTION_DEVIATION / (basis @ weights).std(axis=0)


def _kin_of(offers: int) -> npt.NDArray[np.int64]:
    """Kin of each offer, int64 (offers,)."""
    return np.arange(offers) // OFFERS_PER_KIN


def _pieces(n: int, width: int) -> Iterator[npt.NDArray[np.int64]]:
    """Consecutive row numbers, in slices so small that a matrix of ``width`` columns is small."""
    step = max(1, _PIECE // width)
    for start in range(0, n, step):
        yield np.arange(start, min(start + step, n))


def _times(n: int) -> npt.NDArray[np.datetime64]:
    """Instants spread evenly over 30 days."""
    seconds = (np.arange(n) * (30 * 86_400 / n)).astype("timedelta64[s]")
    return np.datetime64(_START, "us") + seconds.astype("timedelta64[us]")
