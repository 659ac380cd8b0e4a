"""Train on the examples of one strategy: choose a model, and estimate its value.

0. Set aside displays of an offer from before its response changed abruptly.
1. Fit every candidate without each fold of profiles, and score that fold with it.
2. Choose the candidate with the highest doubly robust value; the gate decides whether choosing
   beats the best single offer, averaged over several deals of folds if it is close.
3. Fit the chosen candidate on everything, and calibrate it on its out-of-fold scores. If the fit
   cannot be trusted, the next best candidate takes its place.
4. Compare it with the deployed model on the displays since that model was trained.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from scorer.arrays import Codes, Mask
from scorer.errors import StrategyError
from scorer.features import FeatureSchema
from scorer.models.calibration import Calibration, fit_calibration
from scorer.models.objectives import capped, choose_objective
from scorer.models.protocol import RewardModel
from scorer.ope.evaluation import PairedDifference, compare
from scorer.ope.feedback import TargetPolicy
from scorer.registry.trained_model import TrainedModel
from scorer.training.candidates import BEST_SINGLE, fit_candidate
from scorer.training.cross_fitting import DEPLOYED, Incumbent, Scored, cross_fit
from scorer.training.deals import average_over_deals, is_clear
from scorer.training.examples import Examples, encode_examples
from scorer.training.gate import Verdict, gated, judge, needed_evidence
from scorer.training.guardrails import Guardrail, judge_guardrails
from scorer.training.logged_policies import LoggedPolicies
from scorer.training.means import fit_best_single
from scorer.training.metadata import Describer
from scorer.training.model_choice import Selection, select
from scorer.training.plan import TrainingPlan
from scorer.training.positions import chances_of_a_look, looked_at
from scorer.training.shifts import Shift, find_shifts, outdated_rows
from scorer.training.soundness import flaw
from scorer.training.workbench import EVERYTHING, Workbench, fold_count


@dataclass(frozen=True)
class Training:
    """Outcome of a training.

    ``personalised`` is the best candidate whatever the verdict of the gate, ``best_single`` the
    alternative, ``nominee`` the one of the two that the gate prefers. ``new`` is the policy that
    stands for the personalised model on ``logged``, all displays that can evaluate: the candidate
    chosen on other people, or the best single offer at placements that are held back.
    ``over_deployed`` compares the nominee with the deployed model on ``since``, the displays that
    the deployed model never saw; both are None if there are none. ``guardrails`` compare the
    nominee with what serves now.
    """

    personalised: TrainedModel
    best_single: TrainedModel
    verdict: Verdict
    selection: Selection
    new: TargetPolicy
    over_deployed: PairedDifference | None
    logged: LoggedPolicies
    since: LoggedPolicies | None
    deployed_kind: str | None
    shifts: tuple[Shift, ...] = ()
    guardrails: tuple[Guardrail, ...] = ()

    @property
    def notes(self) -> list[str]:
        """Messages of the run: displays set aside, fits refused, and the certainty of the best
        offer."""
        told = [
            f"{s.offer_id} earns {s.ratio:.2g} times as much since {s.since}; its {s.rows} displays"
            " from before are set aside"
            for s in self.shifts
        ]
        told += [
            f"position {position} earns {chance:.2g} times as much as the first with the same"
            " offers; training allows for it"
            for position, chance in self.personalised.metrics["looked_at"].items()
            if chance < 1
        ]
        if not self.verdict.personalises:
            best = self.best_single.metrics["best_single"]
            told.append(
                f"best single offer {best['offer_id']}: it earns more than the next,"
                f" {best['next_offer_id']}, with probability {best['probability']:.2f}"
            )
        return told + list(self.personalised.metrics["refused_fits"])

    @property
    def nominee(self) -> TrainedModel:
        """The model that the gate prefers."""
        return self.personalised if self.verdict.personalises else self.best_single

    @property
    def model(self) -> RewardModel:
        """The model of the nominee."""
        return self.nominee.model


def train(table: pa.Table, schema: FeatureSchema, plan: TrainingPlan) -> Training:
    """Train on the examples of one strategy.

    Parameters
    ----------
    table : pa.Table
        One row per display, in any order, as :func:`.examples.encode_examples` takes it.
    schema : FeatureSchema
        As declared; the categories are fitted here.
    plan : TrainingPlan
        KPI type, offers, seed and the deployed model.

    Raises
    ------
    StrategyError
        Fewer than 2 ready offers, no row, no success, only successes, or fewer people than folds.
    """
    others = () if plan.incumbent is None else (plan.incumbent.model.schema,)
    examples = encode_examples(table, schema, plan.offers, plan.kpi_type, plan.eligible, others)
    chances = chances_of_a_look(examples)
    bench, shifts = _up_to_date(_bench(looked_at(examples, chances), plan), plan)
    judged = _judged(bench, plan)
    bench, scored, logged, selection = judged.bench, judged.scored, judged.logged, judged.selection
    final = _first_sound(bench, scored, selection)
    verdict = judge(selection, _placements(logged.examples), plan.standing, plan.as_of)
    if final.model is None:
        verdict = Verdict(False, f"no final fit can be trusted: {'; '.join(final.flaws)}")
    best_single = fit_best_single(bench.examples)
    model = best_single if final.model is None else gated(final.model, best_single, verdict)
    since = _since(bench, scored, plan.incumbent, logged)
    measured = _Measured(selection, verdict, bench.chooses)
    describe = Describer(
        bench,
        scored,
        selection,
        verdict,
        plan.offers_included,
        shifts,
        judged.deals,
        final.flaws,
        chances,
    )
    return Training(
        personalised=describe(model, final.name),
        best_single=describe(best_single, BEST_SINGLE),
        verdict=verdict,
        selection=selection,
        new=measured.new(logged),
        over_deployed=measured.over_deployed(since),
        logged=logged,
        since=since,
        deployed_kind=None if plan.incumbent is None else plan.incumbent.model.kind,
        shifts=shifts,
        guardrails=measured.guardrails(logged, since),
    )


def _bench(examples: Examples, plan: TrainingPlan) -> Workbench:
    people, needed = np.unique(examples.profiles[examples.trains]).size, fold_count(examples)
    if 0 < people < needed:
        raise StrategyError(f"displays of only {people} people, at least {needed} needed")
    rewards = capped(examples.rewards, plan.kpi_type)
    objective = choose_objective(rewards[examples.trains], plan.kpi_type)
    return Workbench(examples, objective, rewards / objective.scale, plan.seed)


def _up_to_date(bench: Workbench, plan: TrainingPlan) -> tuple[Workbench, tuple[Shift, ...]]:
    """The workbench without displays from before an offer changed, and the changes.

    Changes that would leave no displays for training are ignored.
    """
    shifts = find_shifts(bench)
    if not shifts:
        return bench, ()
    examples = replace(bench.examples, outdated=outdated_rows(bench.examples, shifts))
    try:
        return _bench(examples, plan), shifts
    except StrategyError:
        return bench, ()


@dataclass(frozen=True)
class _Judged:
    """The scores of all candidates, and the selection with evidence averaged over ``deals``."""

    bench: Workbench
    scored: Scored
    logged: LoggedPolicies
    selection: Selection
    deals: int = 1

    @classmethod
    def of(cls, bench: Workbench, incumbent: Incumbent | None) -> _Judged:
        """Cross-fit on one deal of folds."""
        scored = cross_fit(bench, incumbent)
        logged = LoggedPolicies.of(bench.examples, scored.without(DEPLOYED))
        logged = replace(logged, inflation=bench.inflation)
        return cls(bench, scored, logged, select(logged, bench.chooses[logged.rows], bench.n_folds))


def _judged(bench: Workbench, plan: TrainingPlan) -> _Judged:
    """Judge candidates; on all folds, and on average over deals of folds, until it is clear.

    Estimates other than the gain and its evidence are from the first deal.
    """
    needed, first = needed_evidence(plan.standing), _Judged.of(bench, plan.incumbent)
    if bench.is_split and not is_clear(first.selection.evidence, needed, 1):
        first = _Judged.of(bench.with_all_folds(), plan.incumbent)
    selection, deals = average_over_deals(first.bench, first.selection, needed)
    return replace(first, selection=selection, deals=deals)


@dataclass(frozen=True)
class _Final:
    """The final fit of the best candidate that has none of the flaws found; None if all have."""

    name: str
    model: RewardModel | None
    flaws: tuple[str, ...]


def _first_sound(bench: Workbench, scored: Scored, selection: Selection) -> _Final:
    flaws: list[str] = []
    for name in selection.order:
        model = fit_candidate(bench, name, EVERYTHING)
        found = flaw(bench, scored, name, model)
        if found is None:
            return _Final(name, _calibrated(bench, scored, name, model), tuple(flaws))
        flaws.append(found)
    return _Final(BEST_SINGLE, None, tuple(flaws))


def _calibrated(bench: Workbench, scored: Scored, name: str, model: RewardModel) -> RewardModel:
    """Calibrate the final fit of a candidate on its out-of-fold scores."""
    rows = bench.scored
    scores = scored.logged[scored.names.index(name), rows]
    link, scale = bench.objective.link, bench.objective.scale
    margins = Calibration(link).invert(scores / scale)
    correction = fit_calibration(margins, bench.examples.rewards[rows] / scale, link)
    return model.recalibrated(correction, bench.objective)


def _placements(examples: Examples) -> dict[str, Mask]:
    """Displays of each placement that is a category of the schema."""
    for j, feature in enumerate(examples.schema.features):
        if feature.column == "placement_id":
            codes = examples.users[:, j]
            return {name: codes == code for code, name in enumerate(feature.categories)}
    return {}


def _since(
    bench: Workbench, scored: Scored, incumbent: Incumbent | None, logged: LoggedPolicies
) -> LoggedPolicies | None:
    """Displays after the data window of the deployed model at which it can choose an offer."""
    if incumbent is None:
        return None
    later = bench.examples.times > np.datetime64(incumbent.data_window_end, "us")
    since = LoggedPolicies.of(bench.examples, scored, later)
    return replace(since, reference=logged.reference, inflation=logged.inflation)


@dataclass(frozen=True)
class _Measured:
    """The policies of a training on any displays of the workbench; ``folds`` int64 (n,)."""

    selection: Selection
    verdict: Verdict
    folds: Codes

    def new(self, logged: LoggedPolicies) -> TargetPolicy:
        """The candidate chosen on other people; best single at placements that are held back."""
        placements, held_back = _placements(logged.examples), np.zeros(len(logged.rows), np.bool_)
        for name in self.verdict.held_back_placements:
            held_back |= placements.get(name, False)
        return self.selection.policy_on(logged, self.folds[logged.rows], held_back)

    def over_deployed(self, since: LoggedPolicies | None) -> PairedDifference | None:
        """Compare the nominee with the deployed model."""
        if since is None:
            return None
        deployed = since.policy(DEPLOYED)
        return compare(since.feedback, self.nominee(since), deployed, inflation=since.inflation)

    def nominee(self, logged: LoggedPolicies) -> TargetPolicy:
        """The policy of the nominee."""
        return self.new(logged) if self.verdict.personalises else logged.policy(BEST_SINGLE)

    def guardrails(
        self, logged: LoggedPolicies, since: LoggedPolicies | None
    ) -> tuple[Guardrail, ...]:
        """Compare the nominee with the deployed model, or with random traffic without one."""
        rows = logged if since is None else since
        serving = logged.random if since is None else since.policy(DEPLOYED)
        return tuple(judge_guardrails(rows, self.nominee(rows), serving))
