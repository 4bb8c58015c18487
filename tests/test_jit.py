"""The one door to Numba: an edit anywhere is noticed, old compiled code goes, and the user's choices are kept."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from distributions import _jit
from distributions._cache import cache_folder

SOURCE = Path(_jit.__file__).parent
DOOR = "from distributions._jit import njit\n"
INNER = DOOR + "@njit\ndef inner(x): return x + {}\n"
OUTER = DOOR + "from distributions.inner import inner\n@njit\ndef outer(x): return inner(x)\n"


@pytest.fixture
def small_package(tmp_path):
    """A package `distributions` with the door and two kernels, in a folder of its own."""
    package = tmp_path / "tree" / "distributions"
    package.mkdir(parents=True)
    for name in ("__init__.py", "_jit.py", "_cache.py"):
        shutil.copy(SOURCE / name, package / name)
    (package / "inner.py").write_text(INNER.format(1))
    (package / "outer.py").write_text(OUTER)
    return package


def _python(package, code, **settings):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("NUMBA_")}
    settings = {"RISKMODEL_CACHE_DIR": str(package.parent.parent / "cache"), **settings}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=package.parent,
        env={**kept, "PYTHONPATH": str(package.parent), **settings},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


CALL = "from distributions.outer import outer; print(outer(1), sum(outer.stats.cache_hits.values()))"
SHOW = "from distributions import _jit; import numba; print(numba.config.CACHE_DIR)"


def test_compiled_code_is_kept_and_an_edit_of_an_inner_kernel_is_noticed(small_package):
    assert _python(small_package, CALL) == "2 0"
    assert _python(small_package, CALL) == "2 1"
    (small_package / "inner.py").write_text(INNER.format(10))
    assert _python(small_package, CALL) == "11 0"


def test_settings_that_change_the_machine_code_have_their_own_folder(small_package):
    plain = _python(small_package, SHOW)
    assert _python(small_package, SHOW) == plain
    assert _python(small_package, SHOW, NUMBA_NUM_THREADS="1") == plain
    assert _python(small_package, SHOW, NUMBA_BOUNDSCHECK="1") != plain


def test_the_users_own_cache_folder_is_kept_but_an_inherited_one_of_ours_is_not(small_package, tmp_path):
    own = str(tmp_path / "own")
    assert _python(small_package, SHOW, NUMBA_CACHE_DIR=own) == own
    inherited = str(tmp_path / "cache" / "jit-0123456789abcdef")
    assert _python(small_package, SHOW, NUMBA_CACHE_DIR=inherited) != inherited


def test_numba_imported_before_us_still_uses_our_folder(small_package):
    assert _python(small_package, "import numba; " + SHOW) == _python(small_package, SHOW)
    code = "import numba; numba.config.CACHE_DIR = '/chosen/by/user'; " + SHOW
    assert _python(small_package, code) == "/chosen/by/user"


def test_without_a_writable_cache_folder_a_temporary_one_serves(small_package, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("a file where the folder should be")
    used = Path(_python(small_package, SHOW, RISKMODEL_CACHE_DIR=str(blocked)))
    assert used.parent.name.startswith("riskmodel-")
    assert not used.exists()  # it went with the process


def test_only_the_newest_folders_stay(tmp_path):
    for age in range(5):
        folder = tmp_path / f"jit-{age:016x}"
        folder.mkdir()
        os.utime(folder, (1_000_000 - age, 1_000_000 - age))
    (tmp_path / "pv-tables").mkdir()
    _jit.remove_old_folders(tmp_path, kept=3)
    assert sorted(path.name for path in tmp_path.iterdir()) == [*(f"jit-{age:016x}" for age in range(3)), "pv-tables"]


def test_a_folder_in_which_another_version_may_be_compiling_stays(tmp_path):
    for age in range(5):
        (tmp_path / f"jit-{age:016x}").mkdir()
    os.utime(tmp_path / f"jit-{4:016x}", (1_000_000, 1_000_000))
    _jit.remove_old_folders(tmp_path, kept=3)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"jit-{age:016x}" for age in range(4)]


def test_the_cache_folder_follows_the_setting(tmp_path, monkeypatch):
    monkeypatch.setenv("RISKMODEL_CACHE_DIR", str(tmp_path / "a" / "b"))
    assert cache_folder() == tmp_path / "a" / "b"
    assert cache_folder().is_dir()


def test_threads():
    most = _jit.set_threads()
    assert _jit.set_threads(1) == _jit.threads() == 1
    assert _jit.set_threads() == most
    for wrong in (0, -1, most + 1, 1.5, True, "2"):
        with pytest.raises(ValueError, match="must be a whole number from 1 to"):
            _jit.set_threads(wrong)


def test_kernels_whose_caller_holds_the_arrays_can_neither_make_nor_return_one(compiled):
    """Nothing would count its users, so it would be freed too early or never."""
    if not compiled:
        pytest.skip("plain Python counts users")
    rows = np.ones((2, 3))
    with pytest.raises(Exception, match="NRT required but not enabled"):
        _jit.njit(lambda n: np.zeros(n).sum(), held=True)(3)
    with pytest.raises(Exception, match="Only accept returning of array passed into the function"):
        _jit.njit(lambda rows: rows[0], held=True)(rows)
    assert _jit.njit(lambda rows: rows[0].sum(), held=True)(rows) == 3.0
    assert np.array_equal(_jit.njit(lambda rows: rows[0], held=False)(rows), rows[0])


@pytest.mark.parametrize("option", ["fastmath", "error_model", "cache"])
def test_the_common_rules_cannot_be_changed_for_one_kernel(option):
    with pytest.raises(TypeError, match=f"{option} is the same for all kernels"):
        _jit.njit(**{option: True})


def test_division_by_zero_does_not_raise(compiled):
    if not compiled:
        pytest.skip("plain Python divides as Python does")
    assert _jit.njit(lambda x: 1.0 / x)(0.0) == float("inf")
