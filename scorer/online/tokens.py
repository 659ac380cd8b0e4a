"""Tokens: signed records of the served offers and their propensities, so that servers keep no
state.

A page receives a token with the proposition and returns it with displays and clicks. Every host
with the same key can read it.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from hmac import compare_digest
from pathlib import Path

import msgspec

from scorer.errors import InputError
from scorer.files import replace_file

_SIGNATURE_BYTES = 16
_KEY_BYTES = 32


class Shown(msgspec.Struct, frozen=True, array_like=True):
    """The content of a token: a proposition as decided.

    ``items`` are offer and propensity, ``context`` what the request gave.
    """

    proposition_id: str
    strategy_id: str
    profile_id: str
    placement_id: str
    activity_id: str
    scope_id: str
    traffic_type: str
    items: list[tuple[str, float]]
    context: dict[str, str | int | float | bool]


class TokenKey:
    """The secret of a home folder; raises InputError if it has fewer than 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _KEY_BYTES:
            raise InputError(f"the key of the tokens has {len(secret)} bytes, not {_KEY_BYTES}")
        self._secret = secret[:64]
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(Shown)

    @classmethod
    def of_home(cls, home: Path) -> TokenKey:
        """The key in ``online/token.key`` of a home folder, created at first use."""
        file = home / "online" / "token.key"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(file, secrets.token_bytes(_KEY_BYTES))
            file.chmod(0o600)
        return cls(file.read_bytes())

    def token(self, shown: Shown) -> str:
        """Return the token of a proposition."""
        content = self._encoder.encode(shown)
        return urlsafe_b64encode(self._sign(content) + content).rstrip(b"=").decode()

    def read(self, token: str) -> Shown:
        """Return the content of a token; raises InputError if it was not signed with this key."""
        try:
            data = urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
        except ValueError:
            data = b""
        signature, content = data[:_SIGNATURE_BYTES], data[_SIGNATURE_BYTES:]
        if not compare_digest(signature, self._sign(content)):
            raise InputError("the token was not issued here: send it as the decision returned it")
        return self._decoder.decode(content)

    def _sign(self, content: bytes) -> bytes:
        return blake2b(content, key=self._secret, digest_size=_SIGNATURE_BYTES).digest()
