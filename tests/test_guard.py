"""A user's own file that hides one of the packages is named in one plain sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def _python(folder, code):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("hider", ["distributions.py", "distributions/__init__.py"])
@pytest.mark.parametrize("code", ["import riskmodel", "import studies.cli", "from studies.cli import main; main()"])
def test_a_hidden_package_is_named(tmp_path, hider, code):
    file = tmp_path / hider
    file.parent.mkdir(exist_ok=True)
    file.write_text("")
    done = _python(tmp_path, code)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "`import distributions` finds" in last
    assert str(tmp_path) in last
    assert "Rename it, or start Python in another folder" in last


def test_a_users_studies_folder_is_only_warned_about(tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "__init__.py").write_text("")
    done = _python(tmp_path, "import riskmodel; print('works')")
    assert done.stdout.strip() == "works"
    assert "ShadowWarning: `import studies` finds" in done.stderr


def test_a_plain_folder_of_the_same_name_hides_nothing(tmp_path):
    for name in ("studies", "distributions", "riskmodel"):
        (tmp_path / name).mkdir()
    done = _python(tmp_path, "import riskmodel, studies, distributions; print('works')")
    assert (done.stdout.strip(), done.stderr) == ("works", "")
