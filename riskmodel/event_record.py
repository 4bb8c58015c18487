"""What is kept of one event and strategy: the columns of the engine's record, and their names and types in tables."""

import numpy as np

# columns of the record, float64. First the GPU-hours lost by cause, in the order of riskmodel.downtime
(
    LOST, _, _, _, _, DAMAGED_SERVERS, STORED_USED, GENSET_ENERGY, UPS_CARRIED, CABINETS_CARRIED, GENSETS_CARRIED,
    DOWN, REDUCED, GRID_BACK, DOWN_FROM, DOWN_UNTIL, STORED_BEFORE, GPUS, DELAY, CARRIED, TRIPPED,
) = range(21)  # fmt: skip
N_RECORD = 21

COLUMNS = (
    ("gpu_hours_rework", np.float32),
    ("gpu_hours_waiting", np.float32),
    ("gpu_hours_restart", np.float32),
    ("gpu_hours_capped", np.float32),
    ("gpu_hours_hardware", np.float32),
    ("damaged_servers", np.float32),
    ("stored_used_kwh", np.float32),
    ("genset_kwh", np.float32),
    ("ups_h", np.float32),
    ("cabinets_h", np.float32),
    ("gensets_h", np.float32),
    ("hours_down", np.float32),
    ("hours_capped", np.float32),
    ("grid_back_hour", np.float64),
    ("down_from_hour", np.float64),
    ("down_until_hour", np.float64),
    ("stored_before_kwh", np.float32),
    ("gpus", np.float32),
    ("delay_days", np.float64),
    ("carried_h", np.float32),
    ("tripped_share", np.float32),
)
"""(name, type in events.parquet) of each column of the record; the engine keeps all of them in float64.

Lost GPU-hours by cause; servers damaged; energy out of the cabinets' cells and from gensets; hours in which UPS,
cabinets and gensets carried any of the load; hours of the whole powered cluster without work (waiting and restart);
hours at a lower work rate; hours of the year at which the grid is back and at which the down time begins and ends (from
the year in which the event began; equal where nothing stopped); energy in the cabinets when the event came; GPUs with
power then; days by which training is delayed; hours from the beginning until some of the load was shed or stopped;
share of the racks that lost power at work.
"""
