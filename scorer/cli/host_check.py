"""Refuses web requests that reach the app but were not meant for it.

A page of another site can make a browser send requests to the address of the app. If the name of
that site points there (DNS rebinding), the page can even read the answers. The headers Host and
Origin reveal both.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_EVERYWHERE = frozenset({"0.0.0.0", "::"})
_TEXT = (
    b"This app does not answer under the name in your address bar; see `nextoffer app --help`.\n"
)


class HostCheck:
    """ASGI middleware: accepts requests whose Host names the app and that no other page sent.

    Parameters
    ----------
    application : callable
        The app.
    address : str
        Where it listens. If it listens on all addresses, it also answers to every IP address, which
        no site can imitate, and to the names of the machine.
    names : iterable of str
        Further names, for example that of a proxy.
    """

    def __init__(self, application: Application, address: str, names: Iterable[str] = ()) -> None:
        self._application = application
        self._any_address = address in _EVERYWHERE
        known = {address, *names}
        if address in _HERE | _EVERYWHERE:
            known |= _HERE
        if self._any_address:
            known |= {socket.gethostname(), socket.getfqdn()}
        self._names = {name.lower() for name in known}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer 403 to a request that is refused, and close a web socket before it opens."""
        if scope["type"] not in ("http", "websocket") or self.allows(scope["headers"]):
            await self._application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": _TEXT})

    def allows(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Return True if Host is one name of the app, and Origin, if there is one, the same."""
        hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
        origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
        if len(hosts) != 1 or len(origins) > 1:
            return False
        name = _name(f"//{hosts[0]}")
        if name is None or not (name in self._names or (self._any_address and _is_address(name))):
            return False
        return all(_netloc(origin) == hosts[0].lower() for origin in origins)


def _name(url: str) -> str | None:
    """Return the host of a URL in lower case, None if it has none or is malformed."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        return None
    plain = not parts.path and not parts.query and not parts.fragment and "@" not in parts.netloc
    return parts.hostname if plain else None


def _netloc(url: str) -> str | None:
    """Return host and port of a URL in lower case, None if it is malformed."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
