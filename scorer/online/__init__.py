"""Online decisions: the rules of the weekly batch for one person at a time, now.

:class:`Decider` decides in this process; :mod:`scorer.online.http_server` does over HTTP.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scorer.online.decider import Decider
    from scorer.online.messages import Decision, Item, Proposition, Request

__all__ = ["Decider", "Decision", "Item", "Proposition", "Request"]


def __getattr__(name: str) -> Any:
    """Import the public names on first use: the weekly cycle does not need them."""
    if name == "Decider":
        from scorer.online.decider import Decider

        return Decider
    if name in __all__:
        from scorer.online import messages

        return getattr(messages, name)
    raise AttributeError(name)
