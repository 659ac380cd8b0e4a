"""Sentences of the page Performance."""

from __future__ import annotations

import pandas as pd

from app import text


def named(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the display names of its arms."""
    return frame.assign(arm=[text.arm(name) for name in frame["arm"]])


def rows(frame: pd.DataFrame, is_amount: bool) -> pd.DataFrame:
    """Return the frame with its figures as text: reward, rate, lift, interval and p-value."""
    return frame.assign(
        reward=[text.reward(value, is_amount) for value in frame["reward_per_display"]],
        rate=[text.percent(value, 2) for value in frame["success_rate"]],
        lift_text=[text.change(value) for value in frame["lift"]],
        interval=text.intervals(frame),
        p_text=[text.p_value(value) for value in frame["p_value"]],
    )


def verdict(model: pd.Series | None, period: str) -> str:
    """Return whether personalised traffic is better than random; `model` is its row, or None."""
    if model is None:
        return f"Nothing was personalised in the {period}: no lift to measure."
    if model["status"] == "insufficient" or not text.is_known(model["lift_low"]):
        return (
            "**Too little data for a lift.** It needs 20 successes in random and in personalised"
            " traffic of the same period."
        )
    between = (
        f"The 95 % interval of the lift is {text.interval(*model[['lift_low', 'lift_high']])}."
    )
    if model["lift_low"] > 0:
        finding = "**Personalised traffic is better than random**, by more than chance."
    elif model["lift_high"] < 0:
        finding = "**Personalised traffic is worse than random**, by more than chance."
    else:
        finding = "**No difference beyond chance** between personalised and random traffic."
    power = model["power_sentence"]
    return f"{finding} {between}" + (f"\n\n{text.plain(power)}" if text.is_known(power) else "")


def over_control(model: pd.Series | None) -> str:
    """Return how personalised traffic does against the control arm; nothing without that arm."""
    if model is None or not text.is_known(model["status_over_control"]):
        return ""
    if not text.is_known(model["lift_over_control_low"]):
        return "**Too little data for a lift over control.** It needs 20 successes in both arms."
    ends = model[["lift_over_control_low", "lift_over_control_high"]]
    proof = (
        "better than control, by more than chance"
        if ends.iloc[0] > 0
        else "worse than control, by more than chance"
        if ends.iloc[1] < 0
        else "not different from control beyond chance"
    )
    power = model["power_sentence_over_control"]
    return (
        f"**Personalised traffic is {proof}**: {text.change(model['lift_over_control'])}"
        f" ({text.interval(*ends)}). {text.plain(power) if text.is_known(power) else ''}".rstrip()
    )


def guardrails(frame: pd.DataFrame) -> str:
    """Return which guardrails personalised traffic makes worse, of one row per comparison."""
    model = frame[frame["arm"] == "personalised"]
    worse = list(dict.fromkeys(model.loc[model["verdict"] == "worse", "guardrail"]))
    if worse:
        names = ", ".join(text.named(name) for name in worse)
        return f"**Personalised traffic makes a guardrail worse**, by more than chance: {names}."
    if len(model) == 0 or (model["verdict"] == "too few").all():
        return "Too little data to compare the guardrails of personalised traffic."
    return "Personalised traffic makes no guardrail worse by more than chance."


def compare(arms: pd.DataFrame, unit: str, is_amount: bool, period: str) -> str:
    """Return the rewards of both arms in one line."""
    rewards = arms.set_index("arm")["reward_per_display"]
    parts = [
        f"{name} {text.reward(rewards[name], is_amount)}"
        for name in ("Personalised", "Random")
        if name in rewards.index
    ]
    return f"{text.sentence_case(unit)}, {period}: " + ", ".join(parts)


_EVENTS = {
    "first_model": ("Model", "First model {}"),
    "model_replaced": ("Model", "Model {} replaced the one before"),
    "model_gone": ("Model", "Model {} no longer serves"),
    "offer_launched": ("Offer", "Launched: {}"),
    "offer_ended": ("Offer", "Ended: {}"),
}


def events(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the events of a strategy with kind and words."""
    told = [_EVENTS.get(name, ("Other", "{}")) for name in frame["event_type"]]
    return frame.assign(
        kind=[kind for kind, _ in told],
        words=[
            form.format(text.short(name))
            for (_, form), name in zip(told, frame["name"], strict=True)
        ],
    )


def funnel(reach: pd.DataFrame, kpi: str) -> pd.DataFrame:
    """Return the people of each step: eligible, displayed, clicked and with a success."""
    seen = reach[reach["frequency"] > 0]
    people = {
        "Eligible": reach["people"].sum(),
        "Displayed": seen["people"].sum(),
        "Clicked": seen["people_who_clicked"].sum(),
        f"Success ({text.short(kpi, 20)})": seen["people_with_success"].sum(),
    }
    if not people["Clicked"]:
        del people["Clicked"]  # clicks are unknown, as in e-mails without tracking
    most = max(1, int(people["Eligible"]))
    return pd.DataFrame(
        [{"step": step, "people": n, "share": n / most} for step, n in people.items()]
    )


def reach(frame: pd.DataFrame) -> str:
    """Return how many people were reached, and how often."""
    seen = frame[frame["frequency"] > 0]
    people, displays = int(seen["people"].sum()), int(seen["displays"].sum())
    if people == 0:
        return "Nobody was shown an offer in the last 30 days."
    return (
        f"{text.count(people)} of {text.count(frame['people'].sum())} eligible people saw an offer,"
        f" on average {displays / people:.1f} displays each."
    )


def groups(frame: pd.DataFrame) -> str:
    """Return what the lifts of all groups say together, as markdown."""
    counts = frame["verdict"].value_counts()
    better, worse = counts.get("better", 0), counts.get("worse", 0)
    few, open_ = counts.get("too few", 0), counts.get("not proven", 0)
    tested = len(frame) - few
    if tested == 0:
        return f"All {len(frame)} groups have too few successes to measure a lift."
    parts = [f"personalisation is better than random in **{better}**"]
    parts += [f"worse in **{worse}**"] if worse else ["worse in none"]
    parts += [f"not proven in {open_}"] if open_ else []
    rest = f" {few} more {'has' if few == 1 else 'have'} too few successes." if few else ""
    return (
        f"Of {tested} groups with enough successes, {', '.join(parts)}. The p-values allow for"
        f" testing all of them (Benjamini and Hochberg, 5 %).{rest}"
    )


def traffic(frame: pd.DataFrame) -> str:
    """Return the share of each arm in all displays, the largest first."""
    if frame.empty:
        return "No displays in this period"
    totals = frame.groupby("arm")["displays"].sum()
    shares = (totals / totals.sum()).sort_values(ascending=False)
    return "Traffic: " + ", ".join(
        f"{name.lower()} {text.percent(share)}" for name, share in shares.items()
    )
