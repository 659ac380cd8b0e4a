"""Refuses to start if native libraries would end the process for lack of address space."""

from __future__ import annotations

import resource

from scorer.errors import ConfigurationError

SMALLEST_ADDRESS_SPACE = 4 << 30


def require_address_space() -> None:
    """Raise if the process may map too little memory (`ulimit -v`) to run a cycle.

    A run on a small log maps 3.3 GB on two processors, most of which it never touches. A library
    that gets less than it requests ends the process without a message.

    Raises
    ------
    ConfigurationError
        The limit is below SMALLEST_ADDRESS_SPACE.
    """
    if not has_address_space():
        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        raise ConfigurationError(
            f"the process may map only {limit >> 20} MB of memory, and a run needs"
            f" {SMALLEST_ADDRESS_SPACE >> 20} MB; raise the limit (ulimit -v),"
            " and limit the memory of the engine by NEXTOFFER_MEMORY"
        )


def has_address_space() -> bool:
    """Return whether the process may map SMALLEST_ADDRESS_SPACE."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return limit == resource.RLIM_INFINITY or limit >= SMALLEST_ADDRESS_SPACE
