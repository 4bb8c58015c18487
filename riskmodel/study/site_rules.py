"""Rules of the site by itself."""

from collections.abc import Iterator
from typing import Any

from riskmodel.study.site import Site

__all__ = ["site_rules"]

MOST_YEARS = 40
LOWEST_LEVEL, HIGHEST_LEVEL = 0.01, 100.0


def site_rules(site: Site) -> Iterator[tuple[str, Any, str]]:
    """Price levels that no year can have: (field path, value, message)."""
    levels = site.price_level_by_year
    if not 1 <= len(levels) <= MOST_YEARS or any(not LOWEST_LEVEL <= level <= HIGHEST_LEVEL for level in levels):
        text = (
            f"must be 1 to {MOST_YEARS} factors from {LOWEST_LEVEL:g} to {HIGHEST_LEVEL:g}; type e.g. [1.0, 3.6, 1.0]"
        )
        yield "site.price_level_by_year", levels, text
