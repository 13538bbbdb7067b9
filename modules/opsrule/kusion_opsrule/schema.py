"""What developers and the platform say about operating pods."""

import re
from typing import Annotated

from pydantic import AfterValidator, Strict

from kusion_dsl.module import Accessory, PlatformConfig, dev_overrides

_PERCENTAGE = re.compile(r"([0-9]|[1-9][0-9]|100)%")


def _amount(value: int | str) -> int | str:
    if isinstance(value, str) and not _PERCENTAGE.fullmatch(value):
        raise ValueError(f"'{value}' is no percentage: write one from 0% to 100%, or a number of pods without quotes")
    if isinstance(value, int) and value < 0:
        raise ValueError("a number of pods is not negative")
    return value


class OpsRule(Accessory):
    """How a workload's pods may be replaced, restarted and moved while it runs."""

    max_unavailable: Annotated[Annotated[int, Strict()] | str, AfterValidator(_amount), dev_overrides] = "25%"
    """How many pods may be unavailable at once: a number of pods, or a percentage of them (``"25%"``)."""


class OpsRulePlatform(PlatformConfig):
    """The platform decides nothing about such rules but ``maxUnavailable``."""
