"""Serves the files of the shop page, the people to choose from, and explanations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from scorer.online.decider import Decider
from scorer.online.messages import Name, Request
from scorer.warehouse.publication_reader import PublicationReader

_FOLDER = Path(__file__).parent
_FILES = {
    "/": ("shop.html", b"text/html; charset=utf-8"),
    "/shop/shop.js": ("shop.js", b"text/javascript; charset=utf-8"),
    "/shop/shop.css": ("shop.css", b"text/css; charset=utf-8"),
}
# People of every arm, ordered by the number of strategies that rank them.
_PEOPLE = """
select profile_id, max(policy) as policy from (
    select profile_id, policy,
        row_number() over (partition by policy order by md5(profile_id)) as place
    from (select distinct profile_id, policy from ranked_offers where rank = 1)
)
where place <= 8 group by 1 order by 1
"""


class Question(msgspec.Struct, frozen=True):
    """Which score to explain."""

    request: Request
    placement_id: Name
    offer_id: Name
    policy: Name


class Shop:
    """The page of a worker; ``published`` is the file that the bundle belongs to."""

    def __init__(self, decider: Decider, published: Path) -> None:
        self._decider = decider
        self._question = msgspec.json.Decoder(Question).decode
        with PublicationReader(published) as reader:
            people = [row["profile_id"] for row in reader.query(_PEOPLE).to_pylist()]
        self._people = msgspec.json.encode({"people": people, "choices": decider.choices()})

    def pages(self) -> dict[str, tuple[bytes, bytes]]:
        """Body and content type of each path."""
        files: dict[str, Any] = {
            path: ((_FOLDER / name).read_bytes(), kind) for path, (name, kind) in _FILES.items()
        }
        return {**files, "/shop/people": (self._people, b"application/json")}

    def why(self, body: bytes) -> bytes:
        """Answer a question of the page, JSON."""
        asked = self._question(body)
        return msgspec.json.encode(
            self._decider.why(asked.request, asked.placement_id, asked.offer_id, asked.policy)
        )
