"""A study may name its own parameter files, beside it or by path."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from distributions.parameters import FOLDER
from riskmodel.study import StudyError, load_study
from tests.fake_engine import STUDY

SHIPPED = {"price_parameters": "prices_SE4_2021_2023", "outages": "outages_nordic_hv", "weather": "weather_nordic"}


def study_in(folder: Path, *overrides: str):
    file = folder / "small.toml"
    file.write_text(STUDY.format(years=4), encoding="utf-8")
    return load_study(file, overrides)


def test_files_beside_the_study_are_found_and_loaded_by_their_kind(tmp_path: Path) -> None:
    for field, name in SHIPPED.items():
        shutil.copy(FOLDER / f"{name}.toml", tmp_path / f"{field}.toml")
    study = study_in(tmp_path, *(f'site.{field}="{field}.toml"' for field in SHIPPED))
    names = study.record_names()
    assert names["prices"] == str((tmp_path / "price_parameters.toml").resolve())
    assert names["outages"] == str((tmp_path / "outages.toml").resolve())
    assert names["irradiance"] == study.site.irradiance


def test_without_a_file_the_zone_and_window_name_the_record(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    assert study.record_names()["prices"] == f"{study.site.price_zone}_{study.site.price_window}"


def test_hash_follows_the_content_not_the_place_and_the_resolved_study_is_equal(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    for folder in (a, b):
        folder.mkdir()
        shutil.copy(FOLDER / "prices_SE4_2021_2023.toml", folder / "own.toml")
    first, second = (study_in(folder, 'site.price_parameters="own.toml"') for folder in (a, b))
    assert first.input_hash() == second.input_hash()
    resolved = tmp_path / "study.resolved.toml"
    resolved.write_text(first.to_toml(), encoding="utf-8")
    assert load_study(resolved) == first
    with (b / "own.toml").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert first.input_hash() != second.input_hash()


def test_absent_and_wrong_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"site.price_parameters = 'none.toml': no such file beside the study"):
        study_in(tmp_path, 'site.price_parameters="none.toml"')
    shutil.copy(FOLDER / "weather_nordic.toml", tmp_path / "own.toml")
    with pytest.raises(StudyError, match=r"site.price_parameters = 'own.toml': not a good prices file: .*offset"):
        study_in(tmp_path, 'site.price_parameters="own.toml"')
