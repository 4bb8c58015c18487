"""Fields of the cluster, UPS and gensets that belong together: what is refused, what is read, what comes back."""

import pytest

import studies
from riskmodel.backup import backup_tables, performance_at
from riskmodel.cluster_tables import checkpoint_interval_h, cluster_tables, training_jobs
from riskmodel.study import StudyError, parse_study, study_json_schema
from tests.test_twin import HARD_EVENTS

pytestmark = pytest.mark.tiny

LARGE = "ten_thousand_gpus"
UPS, GENSETS = "strategies.ups_gensets.ups.", "strategies.ups_gensets.gensets."
STORAGE = "strategies.hybrid.storage."
EXCLUDED = "cluster.programme_delay_excludes_compute=true"


def refused(*changes):
    """The one message about these changes."""
    with pytest.raises(StudyError) as caught:
        studies.load(LARGE, changes)
    assert len(caught.value.problems) == 1, [str(problem) for problem in caught.value.problems]
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (["cluster.training_jobs=[4000,4000]"], "adds up to 8,000 GPUs, but 10,000 of 10,000 are in training"),
        (["cluster.training_jobs=[10000,0]"], "whole numbers of at least 1"),
        (
            ["cluster.inference_share=0.5", "cluster.training_jobs=[6000]"],
            "(inference_share = 0.5); change one of them",
        ),
        (["cluster.training_jobs=[1.5]"], "cluster.training_jobs"),
        (["cluster.service_credits=[[0.99,0.1]]"], "for inference only, and this cluster has none"),
        (["cluster.inference_share=0.5", "cluster.service_credits=[[0.99,1.1]]"], "both from 0 to 1"),
        (["cluster.inference_share=0.5", "cluster.service_credits=[[0.99,0.1],[0.9,0.05]]"], "must not give back less"),
        (["cluster.inference_share=0.5", "cluster.service_credits=[[0.99]]"], "must be [available less than, share"),
        (["cluster.programme_delay_eur_per_day=1000"], "type programme_delay_excludes_compute = true"),
        (["cluster.duty=inference", "cluster.programme_delay_eur_per_day=1000", EXCLUDED], "only infers"),
        (["cluster.ride_through_performance=1.5"], "must be a work rate from 0 to 1"),
        (["cluster.ride_through_performance=[[0.8,0.7],[0.7,0.9],[1.0,1.0]]"], "loads must rise"),
        (["cluster.ride_through_performance=[[0.8,0.7],[0.9,0.9]]"], "full load is full work"),
        (["cluster.ride_through_performance=[[0.8,0.7]]"], "must be 2 to 50 pairs"),
        (["cluster.sag_trip_share=1.5"], "cluster.sag_trip_share = 1.5: must be 0 to 1"),
        (["cluster.shed_first=noone"], "cluster.shed_first"),
        (["cluster.spare_servers=-1"], "must be 0 to 1000000"),
        ([UPS + "transfer_time_ms=4"], 'must be 0 ms for an online UPS, which never switches; type topology = "line_'),
        ([GENSETS + "refuelling_probability=2"], "must be 0 to 1"),
        (["cluster.restart={detection_min=1,scheduling_min=2,reload_min=3}"], "cluster.restart.warm_up_min"),
        # rules of other sections that were not asked before
        (["cluster.installed_share_by_year=[0.5,0.4]"], "must be rising shares"),
        ([STORAGE + "reserve_share_by_month=[0.5]"], "must be twelve shares"),
        (
            ["strategies.hybrid.storage.added_in_years=[99]", "strategies.hybrid.storage.added_cabinets=[1]"],
            "year from 2",
        ),
    ],
)
def test_what_cannot_be(changes, words):
    assert words in refused(*changes)


def test_a_restart_is_stated_once():
    parts = "cluster.restart={detection_min=10,scheduling_min=60,reload_min=12,warm_up_min=5}"
    assert "not used with a table [cluster.restart]" in refused(parts, "cluster.restart_abrupt_h=3.0")
    tables = cluster_tables(studies.load(LARGE, [parts]))
    assert tables.restart_abrupt_h[:, 1].tolist() == [10, 60, 12, 5]
    assert tables.restart_orderly_h[:, 1].tolist() == [60, 12, 5]
    assert tables.restart_unit_h[0] == 1 / 60


def test_a_resolved_study_with_all_of_it_comes_back():
    study = studies.load(LARGE, HARD_EVENTS)
    assert parse_study(study.to_toml()) == study
    assert "spare_servers" in str(study_json_schema())


def test_jobs_and_their_checkpoints():
    plain = studies.load(LARGE)
    assert training_jobs(plain.cluster) == [10000]
    assert training_jobs(studies.load(LARGE, ["cluster.duty=inference"]).cluster) == []
    study = studies.load(LARGE, ["cluster.inference_share=0.2", "cluster.training_jobs=[1000,5000,2000]"])
    tables = cluster_tables(study)
    assert tables.job_gpus.tolist() == [5000, 2000, 1000]
    assert tables.training_share[0] == 0.8
    # a job of a tenth of the GPUs fails a tenth as often: 50.7 h for 5.07 h, and checkpoints are further apart
    assert tables.job_interval_h[2] == checkpoint_interval_h(study, 1000) > 3 * checkpoint_interval_h(study)
    assert cluster_tables(plain).job_interval_h[0] == checkpoint_interval_h(plain)


def test_backup_of_a_study():
    line = studies.load(LARGE, [UPS + "topology=line_interactive", GENSETS + "maintenance_unavailability=0.5"])
    tables = backup_tables(line, {"curtailment": {"import_share": 0.5}})
    assert tables.ups_transfer_ms[1] == 6.0
    # ten sets, of which each is there and starts with 0.5 x (1 - 0.0094)
    assert tables.gensets_cdf[1, 0] == pytest.approx((1 - 0.5 * 0.9906) ** 10)
    assert backup_tables(studies.load(LARGE), {"curtailment": {"import_share": 0.5}}).ups_transfer_ms[1] == 0.0
    curve = [[0.7, 0.72], [0.86, 0.88], [1.0, 1.0]]
    assert performance_at(0.86, curve) == 0.88
    assert performance_at(0.93, curve) == pytest.approx(0.94)
    assert performance_at(0.5, curve) == 0.72
