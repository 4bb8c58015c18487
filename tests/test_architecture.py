"""Rules of the house that a reader of one file cannot see. Each message says what to do instead."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ORDER = ["distributions", "riskmodel", "studies"]
FILES = {package: sorted((ROOT / package).rglob("*.py")) for package in ORDER}
ALL = [file for files in FILES.values() for file in files]
LONGEST_FILE = 400
HEAVY = {"pandas", "matplotlib", "seaborn", "scipy", "pvlib", "pyarrow"}


def _name(file):
    return str(file.relative_to(ROOT))


def _imports(file, *, top_level_only=False):
    """(module, line) of every import of a file; with `top_level_only`, those that run when the file is imported."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = _outside_functions(tree) if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{_name(file)}:{node.lineno}: write the package's full name instead of dots"
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def _outside_functions(node):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from _outside_functions(child)


@pytest.mark.parametrize("package", ORDER)
def test_imports_go_one_way(package):
    above = ORDER[ORDER.index(package) + 1 :]
    wrong = [
        f"{_name(file)}:{line} imports {module}"
        for file in FILES[package]
        for module, line in _imports(file)
        if module.split(".")[0] in above
    ]
    assert not wrong, (
        "Imports go studies -> riskmodel -> distributions. What can happen knows nothing of what a strategy makes of "
        "it, and that knows nothing of who asks. Pass it in as an argument, or move it down:\n" + "\n".join(wrong)
    )


def test_only_one_file_opens_the_door_to_numba():
    wrong = [
        f"{_name(file)}:{line} imports {module}"
        for file in ALL
        if _name(file) != "distributions/_jit.py"
        for module, line in _imports(file)
        if module.split(".")[0] in ("numba", "llvmlite")
    ]
    assert not wrong, (
        "Kernels are compiled by `from distributions._jit import njit, prange`, so that all share one set of rules and "
        "a cache that notices every edit:\n" + "\n".join(wrong)
    )


def test_no_random_numbers_but_ours():
    wrong = []
    for package in ("distributions", "riskmodel"):
        for file in FILES[package]:
            if file.name.startswith("fit_") or file.name.endswith("_twin.py"):  # fitting is not simulating
                continue
            tree = ast.parse(file.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                text = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
                if text in ("np.random", "numpy.random"):
                    wrong.append(f"{_name(file)}:{node.lineno} uses {text}")
            wrong += [
                f"{_name(file)}:{line} imports {module}"
                for module, line in _imports(file)
                if module.split(".")[0] == "random" or module.startswith("numpy.random")
            ]
    assert not wrong, (
        "A draw is a pure function of (seed; draw, process and unit, path), or a path changes when another is added. "
        "Use distributions.streams:\n" + "\n".join(wrong)
    )


def test_heavy_libraries_are_imported_where_they_are_used():
    wrong = [
        f"{_name(file)}:{line} imports {module}"
        for file in ALL
        for module, line in _imports(file, top_level_only=True)
        if module.split(".")[0] in HEAVY
    ]
    assert not wrong, "Import it in the function that needs it; commands must answer at once:\n" + "\n".join(wrong)


def test_no_assert_for_what_a_user_gives():
    wrong = [
        f"{_name(file)}:{node.lineno}"
        for file in ALL
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert not wrong, "Raise an error that names the field, the value and what to type:\n" + "\n".join(wrong)


def test_files_are_short():
    wrong = [
        f"{_name(file)}: {count} lines"
        for file in ALL
        if (count := len(file.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    ]
    assert not wrong, "One noun or one law a file; split by meaning:\n" + "\n".join(wrong)


def test_importing_compiles_nothing():
    modules = [
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for file in ALL
        if file.name != "__main__.py" and not file.name.startswith("fit_")
    ]
    code = f"""
import importlib, sys
for name in {modules!r}:
    importlib.import_module(name)
from numba.core.dispatcher import Dispatcher
compiled = {{
    f"{{module.__name__}}.{{key}}"
    for module in list(sys.modules.values())
    if getattr(module, "__name__", "").split(".")[0] in {ORDER!r}
    for key, value in vars(module).items()
    if isinstance(value, Dispatcher) and value.signatures
}}
print("\\n".join(sorted(compiled)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stdout.strip(), (
        "A kernel compiles on its first call. Something calls these while a module is imported, or gives njit a "
        f"signature:\n{done.stdout}"
    )
