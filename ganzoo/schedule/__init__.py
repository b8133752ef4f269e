"""Numbers that move with the images shown: weights, strengths, decays and optimizers' options."""

from ganzoo.schedule.base import (
    CosineSchedule,
    LinearSchedule,
    Number,
    Schedule,
    current,
    extremes,
    named_schedules,
)

__all__ = [
    "CosineSchedule",
    "LinearSchedule",
    "Number",
    "Schedule",
    "current",
    "extremes",
    "named_schedules",
]
