"""Enforces file permissions in a child process, even for root."""

from __future__ import annotations

import ctypes

_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE = 24, 1


def obey_permissions() -> None:
    """Drop root's right to ignore permissions when the process executes a program.

    To be a `preexec_fn`; it changes nothing for other users.
    """
    ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0)
