"""The insurer's pack: the numbers of ``losses`` and ``cover``, safe names, the same bytes, whole tables."""

import json
import re

import pytest
from typer.testing import CliRunner

from riskmodel.results import load_results
from riskmodel.run import run_to_folder
from studies.reports.blocks import typeset
from studies.reports.insurer_facts import insurer_facts
from studies.reports.insurer_page import insurer_page
from tests.fake_engine import fake_simulate_range, small_study

PATHS = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("insurer") / "results"
    run_to_folder(small_study(), place, PATHS, 7, simulate_range=fake_simulate_range)
    return place


@pytest.fixture(scope="module")
def facts(folder):
    return insurer_facts(load_results(folder), None)


@pytest.fixture(scope="module")
def page(facts):
    return insurer_page(facts)


def typed(*words):
    from studies.cli import app

    return CliRunner().invoke(app, list(map(str, words)))


def tables(page):
    return {block["title"]: block for block in page["blocks"] if block["kind"] == "table"}


def cells(page, begin):
    """Rows of the table whose title begins so, by the group they stand in and their first cell."""
    block = next(block for title, block in tables(page).items() if title.startswith(begin))
    found, group = {}, ""
    for row in block["rows"]:
        if len(row) == 1:
            group = row[0]
        else:
            found[group, row[0]] = row[1:]
    return found


def printed(number, factor=1e-3):
    """An estimate of a command's JSON as the pages show it."""
    from distributions.estimate import Estimate

    value, error = (number[key] if number[key] is not None else float("inf") for key in ("value", "standard_error"))
    if number["value"] is None:
        return "-"
    return typeset(str(Estimate(value, error, 1).scaled(factor, "")))


# --- Numbers ----------------------------------------------------------------------------------------------------------


def test_losses_are_those_of_the_command(folder, page):
    record = json.loads(typed("losses", folder, "--json").output)["estimates"]
    moments, causes = cells(page, "Yearly loss"), cells(page, "Average annual loss by cause")
    points = cells(page, "Loss reached once")
    seen = 0
    for name, numbers in record.items():
        assert moments["", name][1:3] == [printed(numbers["aal"]), printed(numbers["sd"])]
        assert moments["", name][3] == printed(numbers["cov"], 1.0)
        parts = {key.removeprefix("aal:"): value for key, value in numbers.items() if re.fullmatch(r"aal:[a-z]+", key)}
        assert [cell for cell in causes["", name] if cell != "0"] == [printed(value) for value in parts.values()]
        for (group, years), shown in points.items():
            if group != name:
                continue
            for kind, cell in zip(("oep", "oep_tvar", "aep", "aep_tvar"), shown, strict=True):
                metric = f"{kind}_{years.replace(',', '')}_years"
                value, low, high = (numbers[metric + end]["value"] for end in ("", ":low_95", ":high_95"))
                ends = ", ".join("?" if end is None else f"{end * 1e-3:,.4g}" for end in (low, high))
                flag = "*" if numbers[f"{metric}:beyond_a_tenth_of_the_years"]["value"] else ""
                assert cell == typeset(f"{value * 1e-3:,.4g} [{ends}]{flag}"), metric
                seen += 1
    assert seen == 3 * 4 * 8  # 2, 5, 10, 20, 25, 50, 100 and 200 years of 240, three strategies, four curves
