"""Choices of one page that stand in the URL, and may depend on another choice."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app import filters


def pick(label: str, name: str, options: list[str], words: Callable[[str], str] = str) -> str:
    """Let one of at least one option be chosen, like `filters.choose`.

    A value that this app put into the URL, and that another choice has made impossible since, is
    forgotten without a warning.
    """
    mine = f"picked_{name}"
    written = st.session_state.get(mine)
    if written not in options and st.query_params.get(name) == written:
        st.query_params.pop(name, None)
    chosen = filters.choose(label, name, options, words)
    st.session_state[mine] = chosen
    return chosen


def section(name: str, options: list[str]) -> str:
    """Let one part of a page be chosen, from buttons in a row; only that is drawn."""
    key, kept = f"section_{name}", f"section_before_{name}"
    told = st.query_params.get(name)
    if told in options and told != st.session_state.get(kept):
        st.session_state[key] = told
    elif st.session_state.get(key) not in options:
        st.session_state[key] = st.session_state.get(kept, options[0])
    shown = st.segmented_control(
        "Section", options, key=key, label_visibility="collapsed", required=True
    )
    chosen = shown or options[0]
    st.session_state[kept] = chosen
    if st.query_params.get(name) != chosen:
        st.query_params[name] = chosen
    return chosen


def ask(label: str, name: str, first: str) -> str:
    """Let a text be written; it stands as `name` in the URL. Empty is `first`."""
    key, kept = f"asked_{name}", f"asked_before_{name}"
    told = st.query_params.get(name)
    if told is not None and told != st.session_state.get(kept):
        st.session_state[key] = told
    elif key not in st.session_state:
        st.session_state[key] = st.session_state.get(kept, first)
    text: str = st.text_input(label, key=key, width=360).strip() or first
    st.session_state[kept] = text
    if st.query_params.get(name) != text:
        st.query_params[name] = text
    return text
