"""Some of the faults of ``make faults``, once each: nothing finished is lost, and the bytes stay the same."""

import sys

import pytest

from tests import faults

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals differ there")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    return faults.reference(tmp_path_factory.mktemp("unbroken"), False)


@pytest.mark.parametrize(
    "fault", [faults.kill_run, faults.flipped, faults.flipped_while_running, faults.two_runs, faults.older_version]
)
def test_nothing_is_lost(unbroken, tmp_path, fault):
    assert faults.tried(fault, tmp_path / "tried", unbroken, False, 1) == (0, True)


@pytest.mark.slow
def test_nothing_is_lost_with_the_scheduler(unbroken, tmp_path):
    pytest.importorskip("distributed")
    assert faults.tried(faults.kill_scheduler, tmp_path / "tried", unbroken, False, 1) == (0, True)


def test_negative_control_other_bytes_are_seen(unbroken, tmp_path):
    with pytest.raises(faults.Fault, match="simulated again instead of"):
        faults.tried(lambda scene: faults._damaged(scene, lambda file, n: None), tmp_path / "tried", unbroken, False, 1)
    other = unbroken | {"summary.csv": "0" * 64}
    assert faults.tried(faults.kill_run, tmp_path / "other", other, False, 1) == (0, False)
