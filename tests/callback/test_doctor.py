"""The doctor names each failure mode when it happens, and leaves healthy games alone."""

import json
import re
from math import nan

import pytest
import torch
from omegaconf import OmegaConf

from ganzoo import DCGAN, GAN, LSGAN, InfoGAN
from ganzoo.callback import Doctor
from ganzoo.callback.complaints import REMEDIES
from ganzoo.callback.symptoms import SymptomMeter, Symptoms, mean_distance
from ganzoo.data import Digits, Ring
from ganzoo.game import Game
from ganzoo.loss import Minimax, NonSaturating
from ganzoo.network import MLP, ConvNet, Plane
from ganzoo.optimizer import Optimizers, adam, sgd
from ganzoo.settings.compose import CONF, compose_config

HEALTHY = Symptoms(
    pull=0.5,
    gradient=1.0,
    certainty=0.4,
    distance=0.3,
    diversity=0.9,
    remaining=1.0,
    drift=0.1,
    memorised=0.85,  # more than the default runs of the ten variants end with
)


def diagnosis(path):
    return json.loads((path / "diagnosis.json").read_text())


@pytest.fixture
def treat(play, tmp_path):
    """Train under a doctor's eyes, validate twelve times, and return its findings."""

    def treat(game, data, steps):
        data.setup()
        loader = data.train_dataloader()
        batches = [batch for _, batch in zip(range(steps), loader, strict=False)]
        play(
            game,
            steps=steps,
            batches=batches,
            val=[next(iter(data.val_dataloader()))],
            callbacks=[Doctor(tmp_path, warmup=500)],
            val_check_interval=steps // 12,
            log_every_n_steps=5,
        )
        return diagnosis(tmp_path)["findings"]

    return treat


def test_a_sure_discriminator_under_minimax_is_a_vanishing_gradient(treat, capsys):
    game = Game(
        (1, 8, 8),
        network=MLP(generator_hidden=[32], discriminator_hidden=[64]),
        loss={"minimax": Minimax()},
        optimizer=Optimizers(adam(1e-5), adam(1e-2)),
    )
    findings = treat(game, Digits(batch_size=64), steps=240)
    (found,) = [each for each in findings if each["failure"] == "vanishing gradient"]
    assert found["since_step"] <= 100
    said = capsys.readouterr().err
    assert said.count("doctor: vanishing gradient since step") == 1
    assert "try 'loss=[non_saturating]'" in said


@pytest.mark.slow
def test_a_generator_that_hops_from_mode_to_mode_has_collapsed(treat):
    game = Game(
        (2,),
        network=Plane(),
        loss={"non_saturating": NonSaturating()},
        optimizer=Optimizers(adam(1e-3, (0.9, 0.999)), adam(1e-4, (0.9, 0.999))),
    )
    findings = treat(game, Ring(batch_size=128), steps=840)
    assert "mode collapse" in {each["failure"] for each in findings}


def test_steps_that_are_too_large_do_not_converge(treat, capsys):
    game = GAN((1, 8, 8), optimizer=Optimizers(sgd(1e6), sgd(1e6)))
    (found, *_) = treat(game, Digits(batch_size=64), steps=60)
    assert found["failure"] == "failure to converge"
    assert found["since_step"] == 5
    assert "not finite" in found["evidence"]
    assert "doctor: failure to converge since step 5" in capsys.readouterr().err


NETWORK = ConvNet(width=16)


@pytest.mark.slow
@pytest.mark.parametrize(
    "game",
    [
        DCGAN((1, 8, 8), network=NETWORK),
        LSGAN((1, 8, 8), network=NETWORK),
        InfoGAN((1, 8, 8), network=ConvNet(width=16, hidden=64, slope=0.1)),
    ],
    ids=lambda game: type(game).__name__,
)
def test_papers_recipes_raise_no_alarm(game, treat):
    assert treat(game, Digits(batch_size=64), steps=900) == []


def examined(*course, step=1000, ema=None):
    """The findings after a course of symptoms, one validation each."""
    doctor = Doctor("nowhere")
    doctor.write = lambda: None
    game = DCGAN((1, 8, 8), ema=ema)
    game.curves = {"discriminator/output_real": torch.tensor(0.5)}
    for number, seen in enumerate(course, start=1):
        doctor.judge(10 * number, doctor.complaints(game, seen, step))
    return [(each["failure"], each["since_step"]) for each in doctor.findings]


@pytest.mark.parametrize(
    ("symptom", "failure"),
    [
        ({"pull": 0.001}, "vanishing gradient"),
        ({"gradient": 1e-4}, "vanishing gradient"),
        ({"certainty": 0.999}, "failure to converge"),
        ({"certainty": 0.95, "distance": 0.9}, "failure to converge"),
        ({"drift": 0.9}, "failure to converge"),
        ({"diversity": 0.1}, "mode collapse"),
        ({"memorised": 0.98}, "memorising"),
    ],
)
def test_a_symptom_counts_once_it_lasts(symptom, failure):
    ill = HEALTHY._replace(**symptom)
    assert examined(HEALTHY, HEALTHY, HEALTHY, HEALTHY) == []
    assert examined(HEALTHY, ill, ill, HEALTHY, ill, ill) == []
    assert examined(HEALTHY, ill, ill, ill, ill) == [(failure, 20)]


def test_a_young_generator_may_draw_alike_and_move_far():
    young = HEALTHY._replace(diversity=0.1, drift=0.9)
    assert examined(*[young] * 5, step=999) == []
    assert {failure for failure, _ in examined(*[young] * 5, step=1000)} == {
        "failure to converge",
        "mode collapse",
    }


def test_a_moving_average_is_younger_than_its_generator():
    alike = HEALTHY._replace(diversity=0.1)
    assert examined(*[alike] * 5, step=5990, ema=0.9998) == []
    assert examined(*[alike] * 5, step=6010, ema=0.9998) == [("mode collapse", 10)]


def test_samples_that_were_diverse_have_collapsed_at_any_age():
    fallen = HEALTHY._replace(diversity=0.1, remaining=0.2)
    assert examined(*[fallen] * 3, step=30) == [("mode collapse", 10)]


def test_what_cannot_be_known_is_no_symptom():
    unknown = HEALTHY._replace(gradient=nan, certainty=nan, remaining=nan, drift=nan, memorised=nan)
    assert examined(*[unknown] * 5) == []


def test_a_value_that_is_not_finite_is_told_at_once():
    assert examined(HEALTHY._replace(diversity=nan)) == [("failure to converge", 10)]


def test_spread_is_the_mean_distance_of_pairs():
    corners = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])
    assert float(mean_distance(corners)) == pytest.approx(10 / 3)


# Certainty and distance of the mean sample every 50 steps on data=mnist5k with seed 0.
COURSES = {
    "DCGAN": ((0.83, 0.86), (0.95, 0.67), (0.74, 0.61), (0.82, 0.54), (0.78, 0.56), (0.29, 0.50)),
    "InfoGAN": ((0.09, 1.29), (0.23, 1.29), (0.33, 1.17), (0.25, 0.88), (0.21, 0.72), (0.18, 0.65)),
}


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_a_discriminator_that_is_ahead_at_first_is_healthy(course):
    seen = [HEALTHY._replace(certainty=certain, distance=far) for certain, far in course]
    assert examined(*seen, step=300) == []


def test_a_discriminator_that_wins_from_the_first_step_on_is_found_before_the_warmup_ends():
    """Certain, though not beyond 0.99, of samples that are various, settled and wrong."""
    lost = HEALTHY._replace(pull=0.99, certainty=0.97, distance=1.2, diversity=0.6)
    assert examined(*[lost] * 3, step=300) == [("failure to converge", 10)]
    assert examined(*[lost] * 3, step=200) == []  # a healthy D is ahead as well
    assert examined(lost, lost, HEALTHY, lost, lost, step=300) == []
    assert examined(*[lost._replace(distance=0.4)] * 3, step=300) == []  # samples are near


def test_the_distance_of_the_mean_sample_is_in_units_of_the_distance_of_real_images():
    meter, game = SymptomMeter(), DCGAN((1, 8, 8))
    game.curves = {f"discriminator/output_{of}": torch.tensor(0.5) for of in ("real", "fake")}
    real = torch.tensor([[0.0, 0.0], [3.0, 4.0]])  # 5 apart, around (1.5, 2)
    fake = torch.tensor([[1.5, 11.0], [1.5, 13.0]])
    assert meter.measure(game, real, fake).distance == pytest.approx(2.0)


def test_a_meter_continues_from_a_checkpoint(tmp_path):
    doctor, again = Doctor(tmp_path), Doctor(tmp_path)
    doctor.meter.height, doctor.meter.gradients = 0.7, [1.0, 2.0]
    again.load_state_dict(doctor.state_dict())
    assert vars(again.meter) == vars(doctor.meter)


WORD = re.compile(r"(\w[\w.]*)=(\[[\w,]+\]|[\w.]+)|(\w+) added to (\w+)=")


def test_every_remedy_is_something_that_can_be_typed():
    """Each option composes, and each part that is to be added to a group is a file of it."""
    assert all(WORD.search(text) for text in REMEDIES.values())
    for key, value, part, group in WORD.findall("; ".join(REMEDIES.values())):
        if part:
            assert (CONF / group / f"{part}.yaml").exists(), part
        else:
            options = compose_config([f"{key}={value}"])
            assert OmegaConf.select(options, key) is not None
    assert OmegaConf.select(compose_config(), "optimizer.discriminator.lr") is not None
