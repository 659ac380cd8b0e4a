"""Page Interactions: who responds to which offer, in the log and in the model."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from app import components, text
from app.charts import interactions as charts
from app.filters import choose
from app.queries import interactions as queries
from app.sentences import interactions as sentences
from app.view import View, show

ONE_OFFER, ALL_OFFERS = "One offer, two features", "All offers, one feature"
VIEWS = {"offer": ONE_OFFER, "feature": ALL_OFFERS}
MOST_BARS = 12


def render(view: View) -> None:
    """Draw the page."""
    offers = queries.personal_offers(view.publication, view.strategy_id)
    if offers.empty:
        st.info("**No interaction to show yet.** Displays count once their outcome is final.")
        return
    pairs = queries.pairs(view.publication, view.strategy_id, None, most=5000)
    found = queries.strongest(view.publication, view.strategy_id, view.is_amount)
    effect = found.iloc[0] if len(found) else None
    components.say(sentences.lead(effect, view.is_amount))
    first = effect if effect is not None and sentences.is_credible(effect) else None
    offer: str | None = None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        what = choose("View", "view", list(VIEWS), VIEWS.__getitem__)
        if what == "offer":
            offer = _pick_offer(offers, pairs, first)
            names = _pick_pair(view, offer, first)
        else:
            feature = _pick_feature(view)
    by_id = offers.set_index("offer_id")
    if offer is not None:
        _draw_pair(view, by_id.loc[offer], names)
    else:
        _draw_feature(view, feature)
    _draw_personal(offers, pairs)
    _draw_weights(view, offer, "all offers" if offer is None else by_id.loc[offer, "offer_name"])


def _pick_offer(offers: pd.DataFrame, pairs: pd.DataFrame, first: pd.Series | None) -> str:
    leading = [] if first is None else [first["offer_id"]]
    strongest = list(dict.fromkeys([*leading, *pairs["offer_id"], *offers["offer_id"]]))
    labels = text.offer_labels(offers)
    return choose(
        "Offer (largest differences first)", "offer", strongest, lambda name: labels[name]
    )


def _pick_pair(view: View, offer: str, first: pd.Series | None) -> tuple[str, str] | None:
    found = queries.pairs(view.publication, view.strategy_id, offer, most=200)
    names = {
        f"{row['feature_name']} x {row['other_feature_name']}": (
            row["feature_name"],
            row["other_feature_name"],
        )
        for _, row in found.iterrows()
    }
    if first is not None and first["offer_id"] == offer:
        leading = (first["feature_name"], first["other_feature_name"])
        names = {" x ".join(leading): leading} | names
    if not names:
        return None
    return names[choose("Features (strongest pair first)", "pair", list(names))]


def _pick_feature(view: View) -> str:
    found = queries.features(view.publication, view.strategy_id)
    strongest = [name for name in _weights(view, None)["feature_name"] if name in found]
    return choose("Feature", "feature", list(dict.fromkeys([*strongest, *found])))


def _draw_pair(view: View, offer: pd.Series, names: tuple[str, str] | None) -> None:
    if names is None:
        st.info("No pair of features was counted for this offer.")
        return
    frame = queries.of_pair(view.publication, view.strategy_id, str(offer.name), names)
    cells = frame[frame["other_feature_name"].notna()]
    alone = frame[frame["other_feature_name"].isna()]
    components.say(
        sentences.finding(str(offer["offer_name"]), cells, names, view.is_amount)
        + sentences.joint(cells, alone)
    )
    components.show_chart(
        charts.pair(sentences.with_margins(frame, names), names, _measure(view), view.is_amount),
        f"Heat map of {names[0]} and {names[1]}",
    )
    rows = cells.assign(
        rate_text=[text.reward(value, view.is_amount) for value in cells["rate"]],
        shrunken_text=[text.reward(value, view.is_amount) for value in cells["shrunken_rate"]],
        lift_text=[text.change(value) for value in cells["lift"]],
    )
    with st.expander("As a table"):
        components.show_table(
            rows,
            {
                "feature_value": _named(names[0]),
                "other_feature_value": _named(names[1]),
                "displays": st.column_config.NumberColumn("Displays", format="localized"),
                "successes": st.column_config.NumberColumn("Successes", format="localized"),
                "rate_text": st.column_config.TextColumn("Rate", alignment="right"),
                "shrunken_text": st.column_config.TextColumn("Shrunken rate", alignment="right"),
                "lift_text": st.column_config.TextColumn("Lift over the mean", alignment="right"),
            },
        )


def _named(feature: str) -> ColumnConfig:
    return st.column_config.TextColumn(text.short(feature, 30), help=text.plain(feature))


def _measure(view: View) -> str:
    return text.sentence_case(view.unit) if view.is_amount else "Success rate"


def _draw_feature(view: View, feature: str) -> None:
    frame = queries.by_value(view.publication, view.strategy_id, feature)
    frame = frame.assign(offer_label=frame["offer_id"].map(text.offer_labels(frame)))
    components.show_chart(
        charts.by_value(frame, feature, _measure(view), view.is_amount),
        f"Heat map of all offers by {feature}",
    )
    if frame["offer_id"].nunique() == 30:
        st.caption("The 30 offers with the most displays.")


def _draw_personal(offers: pd.DataFrame, pairs: pd.DataFrame) -> None:
    best = pairs.drop_duplicates("offer_id")
    together = best.assign(
        what="Two features together",
        names=best["feature_name"] + " x " + best["other_feature_name"],
    )
    alone = offers.assign(what="One feature alone", names=offers["feature_name"])
    columns = ["offer_id", "offer_name", "what", "names", "strength"]
    both = pd.concat([alone[columns], together[columns]])
    strongest = (
        both.groupby("offer_id")["strength"].max().sort_values(ascending=False, kind="stable")
    )
    shown = strongest.head(MOST_BARS).index
    both = both[both["offer_id"].isin(shown)]
    labels = text.offer_labels(both)
    both = both.assign(
        offer_label=both["offer_id"].map(labels), most=both["offer_id"].map(strongest)
    )
    both = both.sort_values(["most", "offer_id", "what"], ascending=[False, True, True])
    components.show_chart(
        charts.personal(both), "How much the rate of each offer varies between people"
    )


def _weights(view: View, offer: str | None) -> pd.DataFrame:
    version = view.strategy["deployed_model_version"]
    return queries.weights(
        view.publication, view.strategy_id, str(version) if view.has_model else "", offer
    )


def _draw_weights(view: View, offer: str | None, name: str) -> None:
    frame = _weights(view, offer)
    if frame.empty:
        st.info(
            "**The model uses no features**: it is the best single offer, or is not trained yet."
            if offer is None or not view.has_model
            else "The model has too little data on this offer to use features."
        )
        return
    components.show_chart(
        charts.weights(frame, name),
        "Features by the share of the model's interactions",
    )


show("Interactions", render)
