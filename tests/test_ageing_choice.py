"""The cells' ageing law as one name or as weights: how it is typed, what a wrong one is told, and how it is drawn."""

import numpy as np
import pytest

from distributions.cells import LAWS
from distributions.cells.codes import CellCode, cell_code
from riskmodel.ageing_choice import STREAM, code_at, codes_used, law_weights
from riskmodel.draws import scalar_uniforms
from riskmodel.study.cells_field import AgeingLaw, ageing_law_names, read_ageing_law
from riskmodel.study.fields import Section, choice

THREE = {"naumann_2020": 0.25, "blast_lfp_250ah": 0.5, "blast_sony_murata": 0.25}


class Cells(Section):
    """A section with the field, as a study would hold it."""

    ageing_law: AgeingLaw = choice("Ageing of the cells", "blast_lfp_250ah", default="blast_lfp_250ah", source="x")


def test_every_law_has_a_code_that_never_moves():
    assert {code.name.lower() for code in CellCode} == set(LAWS)
    assert (CellCode.BLAST_LFP_250AH, CellCode.BLAST_SONY_MURATA, CellCode.NAUMANN_2020) == (0, 1, 2)
    assert [cell_code(name) for name in ageing_law_names()] == list(CellCode)


def test_one_name_or_a_table_of_weights():
    assert Cells().ageing_law == "blast_lfp_250ah"
    assert Cells(ageing_law="naumann_2020").ageing_law == "naumann_2020"
    assert Cells(ageing_law={"naumann_2020": 1}).ageing_law == "naumann_2020"
    assert Cells(ageing_law={"naumann_2020": 1.0, "blast_lfp_250ah": 0.0}).ageing_law == "naumann_2020"
    weights = Cells(ageing_law=THREE).ageing_law
    assert weights == THREE
    assert list(weights) == ageing_law_names()  # the order of the file does not matter


WRONG = [
    ("blast_lfp_250", "no ageing law 'blast_lfp_250'; did you mean blast_lfp_250ah? there are: blast_lfp_250ah, "),
    ({"blast_lfp_250ah": 0.5, "naumann": 0.5}, "no ageing law 'naumann'; did you mean naumann_2020?"),
    ({"blast_lfp_250ah": 1.5, "naumann_2020": -0.5}, "weight of naumann_2020 is -0.5: must be a number from 0 to 1"),
    ({"blast_lfp_250ah": "1"}, "weight of blast_lfp_250ah is '1': must be a number from 0 to 1"),
    ({"blast_lfp_250ah": True}, "weight of blast_lfp_250ah is True"),
    ({"blast_lfp_250ah": float("nan")}, "weight of blast_lfp_250ah is nan"),
    ({"blast_lfp_250ah": 2, "naumann_2020": 2}, "weights sum to 4: must sum to 1; in these proportions type { blast"),
    ({"blast_lfp_250ah": 0.9}, "weights sum to 0.9: must sum to 1; in these proportions type { blast_lfp_250ah = 1 }"),
    ({"blast_lfp_250ah": 0.0}, "weights sum to 0: must sum to 1"),
    ({}, "weights sum to 0: must sum to 1"),
    ({"blast_lfp_250ah": 1.0, "source": "a paper"}, 'give its source in [sources] as "storage.ageing_law"'),
    (3, "must be the name of a law in quotes, or a table"),
    (["naumann_2020"], "must be the name of a law in quotes, or a table"),
]


@pytest.mark.parametrize(("typed", "message"), WRONG, ids=[str(typed)[:40] for typed, _ in WRONG])
def test_a_wrong_law_is_told_what_to_type(typed, message):
    with pytest.raises(ValueError, match="ageing_law") as found:
        Cells(ageing_law=typed)
    assert message in str(found.value)


def test_what_the_message_offers_is_accepted():
    assert read_ageing_law({"blast_lfp_250ah": 0.333333, "naumann_2020": 0.666667}) == pytest.approx(
        {"blast_lfp_250ah": 1 / 3, "naumann_2020": 2 / 3}, abs=1e-6
    )


def test_the_json_schema_knows_both_ways():
    field = Cells.model_json_schema()["properties"]["ageing_law"]
    assert field["anyOf"][0]["enum"] == ageing_law_names()
    assert set(field["anyOf"][1]["properties"]) == set(ageing_law_names())


def test_inversion_by_hand():
    # steps 0.5, 0.75, 1: below 0.5 the first, from 0.5 the second, from 0.75 the third
    u = np.array([1e-16, 0.4999999, 0.5, 0.7499999, 0.75, 1.0 - 2.0**-53])
    assert code_at(THREE, u).tolist() == [0, 0, 1, 1, 2, 2]
    two = {"blast_lfp_250ah": 0.4, "blast_sony_murata": 0.0, "naumann_2020": 0.6}
    assert code_at(two, np.array([0.39, 0.4, 0.41])).tolist() == [0, 2, 2]
    assert codes_used(two) == [CellCode.BLAST_LFP_250AH, CellCode.NAUMANN_2020]
    assert law_weights("naumann_2020").tolist() == [0.0, 0.0, 1.0]
    assert code_at("naumann_2020", u).tolist() == [2] * 6


def ageing_codes(choice, first_path, n_paths, seed):
    """Law of each path, as a run draws it."""
    return code_at(choice, scalar_uniforms(STREAM, first_path, n_paths, seed))


def test_a_path_has_the_same_law_alone_and_among_others():
    whole = ageing_codes(THREE, 0, 200, 7)
    for first, n in ((0, 1), (13, 50), (199, 1)):
        assert ageing_codes(THREE, first, n, 7).tolist() == whole[first : first + n].tolist()
    assert ageing_codes(THREE, 0, 200, 8).tolist() != whole.tolist()


def test_laws_come_as_often_as_their_weights():
    # Chi-square of three counts at n = 20,000: above 18.42 by chance with probability 1e-4 (2 degrees of freedom).
    # Weights off by 0.02 (0.48, 0.26, 0.26) give a noncentrality of 32 and are caught with probability 0.93.
    n = 20_000
    counts = np.bincount(ageing_codes(THREE, 0, n, 7), minlength=3)

    def statistic(weights):
        expected = n * np.array(weights)
        return float(np.sum((counts - expected) ** 2 / expected))

    assert statistic([0.5, 0.25, 0.25]) < 18.42
    assert statistic([0.46, 0.27, 0.27]) > 18.42  # negative control
