"""``python -m tests.audit``: whether a known hole is in the pinned versions; part of ``make lint``.

Asks the OSV database of vulnerabilities about every line of constraints.txt. Without the network it says so and fails
nothing: a build must not depend on another machine being up.
"""

from __future__ import annotations

import json
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

PINS = Path(__file__).resolve().parent.parent / "constraints.txt"
PLACE = "https://api.osv.dev/v1/querybatch"
TIMEOUT_S = 20.0


def pins(text: str) -> list[tuple[str, str]]:
    """(name, version) of every line of a file of constraints."""
    return re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", text, re.MULTILINE)


def asked(wanted: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """One answer for each version, with its vulnerabilities under ``vulns``."""
    queries = [{"package": {"name": name, "ecosystem": "PyPI"}, "version": version} for name, version in wanted]
    body = json.dumps({"queries": queries}).encode()
    request = urllib.request.Request(PLACE, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        return list(json.load(answer)["results"])


def audit(wanted: list[tuple[str, str]], ask: Any = asked) -> tuple[int, str]:
    """Exit code, and what to print."""
    try:
        answers = ask(wanted)
    except (OSError, ValueError, KeyError, urllib.error.URLError) as error:
        return 0, f"audit left out: the database of vulnerabilities cannot be reached ({error})"
    holes = [
        f"{name}=={version}: {', '.join(one['id'] for one in answer['vulns'])}"
        for (name, version), answer in zip(wanted, answers, strict=True)
        if answer.get("vulns")
    ]
    if holes:
        return 1, "known holes; raise these versions, or say in pyproject.toml why not:\n" + "\n".join(holes)
    return 0, f"no known hole in {len(wanted)} pinned versions"


if __name__ == "__main__":
    code, told = audit(pins(PINS.read_text(encoding="utf-8")))
    print(told)
    sys.exit(code)
