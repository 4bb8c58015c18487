"""The fake engine with inputs drawn as the engine draws them, for tests of other lives and of control variates."""

from dataclasses import replace

from riskmodel.draws import draw_scalars
from riskmodel.lives import AS_IT_IS
from riskmodel.process_draws import draw_processes
from tests.fake_engine import fake_simulate_range


def drawn_simulate_range(study, seed, first_path, n_paths, *, redraw=AS_IT_IS, **how):
    """No physics: what happens depends on chance alone, money on the drawn inputs."""
    result = fake_simulate_range(study, seed + 1000 * redraw.chance, first_path, n_paths, **how)
    processes = draw_processes(study, seed, first_path, n_paths, redraw)
    return replace(result, scalars=draw_scalars(study, seed, first_path, n_paths, redraw) | processes.columns)
