"""Sentences of the page Performance."""

from __future__ import annotations

import pandas as pd

from app import text


def named(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the display names of its arms."""
    return frame.assign(arm=[text.arm(name) for name in frame["traffic_type"]])


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


def compare(arms: pd.DataFrame, unit: str, is_amount: bool, period: str) -> str:
    """Return the rewards of both arms in one line."""
    rewards = arms.set_index("arm")["reward_per_display"]
    parts = [
        f"{name} {text.reward(rewards[name], is_amount)}"
        for name in ("Personalised", "Random")
        if name in rewards.index
    ]
    return f"{unit.capitalize()}, {period}: " + ", ".join(parts)


def traffic(frame: pd.DataFrame) -> str:
    """Return the share of each arm in all displays, the largest first."""
    if frame.empty:
        return "No displays in this period"
    totals = frame.groupby("arm")["displays"].sum()
    shares = (totals / totals.sum()).sort_values(ascending=False)
    return "Traffic: " + ", ".join(
        f"{name.lower()} {text.percent(share)}" for name, share in shares.items()
    )
