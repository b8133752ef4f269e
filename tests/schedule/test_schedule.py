"""Numbers that move with the images shown."""

import pytest

from ganzoo.error import UserError
from ganzoo.schedule import CosineSchedule, LinearSchedule, extremes


@pytest.mark.parametrize(
    ("schedule", "values"),
    [
        (LinearSchedule(0.0, 10.0, images=100), {0: 0, 25: 2.5, 50: 5, 100: 10, 1e9: 10}),
        (LinearSchedule(1.0, 0.1, images=100, start=50), {0: 1, 50: 1, 100: 0.55, 150: 0.1}),
        (CosineSchedule(1.0, 0.0, images=90), {0: 1, 30: 0.75, 45: 0.5, 60: 0.25, 90: 0, 91: 0}),
    ],
)
def test_a_schedule_takes_its_values_by_the_images_shown(schedule, values):
    assert float(schedule) == values[0]
    for images, value in values.items():
        schedule.move(images)
        assert float(schedule) == pytest.approx(value)
    schedule.move(0)  # a function of the images alone, in any order
    assert float(schedule) == values[0]


def test_a_number_has_its_extremes():
    assert extremes(3.0) == (3.0, 3.0)
    assert extremes(LinearSchedule(1.0, 0.1, images=10)) == (0.1, 1.0)


@pytest.mark.parametrize("broken", [{"images": 0}, {"images": 10, "start": -1}])
def test_a_schedule_over_no_images_is_refused(broken):
    with pytest.raises(UserError, match="images=1e6"):
        LinearSchedule(0.0, 1.0, **broken)
