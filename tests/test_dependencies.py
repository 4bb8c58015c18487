"""Pinned versions, their hashes, and the audit that never fails for want of a network."""

from __future__ import annotations

import re
import urllib.error
from pathlib import Path

import pytest

from tests.audit import PINS, audit, pins

LOCK = PINS.with_name("requirements.lock")


def lines(path: Path) -> list[str]:
    return [line.split(" \\")[0].strip() for line in path.read_text(encoding="utf-8").splitlines() if "==" in line[:80]]


def test_the_lock_has_the_pinned_versions_each_with_its_hashes():
    wanted = [line for line in lines(PINS) if not line.startswith("#")]
    assert lines(LOCK) == wanted
    blocks = re.split(r"\n(?=[a-z])", LOCK.read_text(encoding="utf-8").strip())
    assert len(blocks) == len(wanted)
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", block) for block in blocks)
    assert "http" not in LOCK.read_text(encoding="utf-8")


def test_every_dependency_is_pinned():
    import tomllib

    project = tomllib.loads(PINS.with_name("pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(one for more in project["optional-dependencies"].values() for one in more)]
    names = {name for name, _ in pins(PINS.read_text(encoding="utf-8"))}
    assert {re.split(r"[<>=!~\[ ]", one)[0] for one in asked} <= names


@pytest.mark.parametrize("error", [OSError("no route"), urllib.error.URLError("no network"), ValueError("not JSON")])
def test_without_a_network_the_audit_is_left_out(error):
    def ask(wanted):
        raise error

    code, told = audit([("a", "1")], ask)
    assert code == 0
    assert told.startswith("audit left out: ")


def test_a_known_hole_fails():
    code, told = audit([("a", "1"), ("b", "2")], lambda wanted: [{}, {"vulns": [{"id": "CVE-1"}]}])
    assert code == 1
    assert told.endswith("b==2: CVE-1")
    assert audit([("a", "1")], lambda wanted: [{}]) == (0, "no known hole in 1 pinned versions")
