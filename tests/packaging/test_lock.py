"""The locks are exact, complete and tied to no registry."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.support.paths import ROOT

_PIN = re.compile(r"^([a-z0-9-]+)==(\S+)( ; .+?)?( \\)?$")
_LOCKS = {"requirements.lock": "dev", "requirements-check.lock": "check"}


def _pins(file: str) -> list[tuple[str, str, str]]:
    """Name, version and marker of every pin in a file that holds only pins and hashes."""
    lines = (ROOT / file).read_text().splitlines()
    matches = [_PIN.match(line) for line in lines if not line.startswith("    --hash=sha256:")]
    assert matches
    assert all(matches)
    return [(match[1], match[2], match[3] or "") for match in matches if match]


def _normalised(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!~; \[]", requirement)[0]).lower()


def test_constraints_are_the_pins_of_the_lock() -> None:
    """constraints.txt names each version that requirements.lock names, and no other."""
    assert _pins("constraints.txt") == _pins("requirements.lock")


@pytest.mark.parametrize("file", _LOCKS)
def test_lock_pins_what_pyproject_asks_for(file: str) -> None:
    """Every dependency has a pin in the lock of its environment."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = pyproject["dependency-groups"][_LOCKS[file]]
    if _LOCKS[file] == "dev":
        wanted = [*wanted, *pyproject["project"]["dependencies"]]
    assert {_normalised(name) for name in wanted} <= {name for name, _, _ in _pins(file)}


@pytest.mark.parametrize("file", _LOCKS)
def test_every_pin_has_hashes(file: str) -> None:
    """Each pin is followed by at least one sha256 hash."""
    text = (ROOT / file).read_text()
    blocks = re.split(r"\n(?! )", text.rstrip("\n"))
    assert len(blocks) == len(_pins(file))
    assert all("--hash=sha256:" in block for block in blocks)
