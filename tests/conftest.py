"""What all tests share."""

from __future__ import annotations

import os

import pytest

COMPILED = os.environ.get("NUMBA_DISABLE_JIT", "0") == "0"


def pytest_configure(config: pytest.Config) -> None:
    """Hold each test process to two threads: machines that run tests are small, and results may not depend on it."""
    os.environ.setdefault("NUMBA_NUM_THREADS", "2")
    os.environ.setdefault("MPLBACKEND", "agg")


@pytest.fixture
def compiled() -> bool:
    """Whether kernels are compiled in this run, or walk as plain Python."""
    return COMPILED
