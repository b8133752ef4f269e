"""Commands in this process or in one that is killed, and the files that they leave."""

import json
import multiprocessing
import os
import sys
import threading

import torch
import yaml
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto import event_pb2

from ganzoo import cli
from ganzoo.callback import NonFiniteGuard
from ganzoo.settings.check import plain
from ganzoo.settings.compose import compose_config
from tests.helpers.games import shrink

STEPS, EVERY = 10, 3
TIMED = {"train_seconds", "images_per_second", "command", "environment"}
KILLS = int(os.environ.get("GANZOO_CHAOS", "3"))  # of each variant
QUICK = [
    *("data=digits", "data.batch_size=8", "data.val_size=16", "val_every=3", f"max_steps={STEPS}"),
    "trainer.log_every_n_steps=1",
]
SMALL = {  # and what makes a variant's run differ from the others'
    "gan": ["network.generator_hidden=[16]", "network.discriminator_hidden=[8]"],
    "dcgan": [
        *("network.width=4", "ema=0.9", "loss=[non_saturating,lecam]"),
        *("augmentation=ada", "augmentation.rise=100"),  # both remember D's scores
    ],
    "cgan": ["network.width=4", "ema=0.9"],
    "lsgan": ["network.width=4", "optimizer/schedule=linear"],
    "wgan": ["network.width=4", "n_critic=2"],
    "wgan_gp": ["network.width=4", "n_critic=3", "ema=0.5"],
    "infogan": ["network.width=4", "network.hidden=16"],
    "acgan": ["network.width=4", "trainer.precision=bf16-mixed"],
    "sngan": ["network=dcgan", "network.width=4", "network.spectral_norm=true", "n_critic=2"],
    "unrolled_gan": ["network.width=4"],
}


def small_words(model):
    """Words that make a variant's networks small enough to be trained again and again."""
    if model in SMALL:
        return SMALL[model]
    whole, small = (compose_config([f"model={model}"]) for _ in range(2))
    before, after = (plain(cfg.network) for cfg in (whole, shrink(small)))
    return [f"network.{name}={after[name]}" for name in after if after[name] != before[name]]


def run(*words):
    """``ganzoo …`` in this process; its exit code."""
    argv, sys.argv = sys.argv, ["ganzoo", *map(str, words)]
    try:
        cli.main()
    except SystemExit as stop:
        return stop.code
    finally:
        sys.argv = argv
    return 0


def fork(work):
    """Call something in a process of its own; its exit code."""
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
    return process.exitcode


def run_with(change, words):
    """``ganzoo …`` in a process of its own, where something is changed first; its exit code."""

    def child():
        change()
        sys.exit(run(*words))

    return fork(child)


def run_killed(number, step, words, seconds=0.0):
    """The same, but it gets a signal so long after a step."""

    def change():
        original = NonFiniteGuard.on_train_batch_end

        def then_kill(self, trainer, *rest):
            original(self, trainer, *rest)
            if trainer.global_step == step and seconds:
                threading.Timer(seconds, os.kill, (os.getpid(), number)).start()
            elif trainer.global_step == step:
                os.kill(os.getpid(), number)

        NonFiniteGuard.on_train_batch_end = then_kill

    return run_with(change, words)


def bits(folder):
    """All that a run leaves, by file: what another of the same settings leaves too."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    left = [path for path in files if path.name != "changes.json" and "tfevents" not in path.name]
    found = {str(path.relative_to(folder)): content_of(path) for path in left}
    return {**found, "events": events(folder / "tensorboard")}


def content_of(path):
    """What a file holds, but for times, paths, and the command that made it."""
    if path.suffix == ".ckpt":
        content = torch.load(path, weights_only=True)
        states = content["callbacks"].items()
        callbacks = {
            name: {key: exactly(value) for key, value in state.items() if is_result(key)}
            for name, state in states
        }
        return {**exactly(content), "callbacks": callbacks}
    if path.suffix == ".json":
        values = json.loads(path.read_text())
        return {name: value for name, value in values.items() if name not in TIMED}
    if path.suffix == ".yaml":
        return yaml.safe_load(path.read_text())  # in any order
    return path.read_bytes()


def is_result(key):
    """Whether what a callback remembers is neither a time nor a path."""
    return key not in {"seconds", "dirpath", "best_k_models"} and not key.endswith("_path")


def events(folder):
    """The step, the name and the value of all that TensorBoard's files hold, repeated or not."""
    found = []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for record in RawEventFileLoader(str(path)).Load():
            event = event_pb2.Event.FromString(record)
            found += [(event.step, value.tag, str(value)) for value in event.summary.value]
    return sorted(found)  # a step has its names in any order


def exactly(value):
    if isinstance(value, torch.Tensor):
        return value.dtype, value.shape, value.flatten().tolist()
    if isinstance(value, dict):
        return {name: exactly(each) for name, each in value.items()}
    return [exactly(each) for each in value] if isinstance(value, list | tuple) else value


def same(folder, other):
    one, two = bits(folder), bits(other)
    assert one.keys() == two.keys()
    for part in one:
        assert one[part] == two[part], part


def contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def reached(folder):
    """The generator steps of the newest checkpoint, each of which must be whole."""
    steps = [
        torch.load(path, weights_only=True)["global_step"]
        for path in folder.glob("checkpoints/*.ckpt")
    ]
    return max(steps, default=0)
