"""What a power strategy makes of what happens: energy, downtime, money and risk, path by path."""

from riskmodel._guard import check_packages

check_packages()
