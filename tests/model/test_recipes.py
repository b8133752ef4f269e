"""Configuration and Python say the same, and every choice that makes sense makes a game."""

import inspect
import re
from functools import partial
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra.utils import get_class, instantiate
from omegaconf import OmegaConf
from torch import nn

from ganzoo import model
from ganzoo.augmentation import Augmentation
from ganzoo.condition import ClassLabel, Condition, FeatureVector, LatentCode, Nothing
from ganzoo.error import UserError
from ganzoo.game import Game
from ganzoo.head import Concatenation, Head, Projection, Recognition, Unconditional
from ganzoo.latent import Categorical, Gaussian, Latent, Uniform
from ganzoo.loss import Loss, Objective
from ganzoo.metric import Extractor
from ganzoo.network import MLP, ConvNet, Network, Plane, ResNet
from ganzoo.probe import Probe
from ganzoo.settings.compose import CONF
from tests.helpers.conf import bases, read_conf
from tests.helpers.games import shrink
from tests.helpers.pairwise import pairs_of, pairwise, sensible_pairs

MODELS = sorted(path.stem for path in (CONF / "model").glob("*.yaml"))
PACKAGE = Path(inspect.getfile(Game)).parent


# A recipe in yaml is the class of its name with its defaults


def described(value: Any) -> Any:
    """A value that is equal for parts built alike."""
    if isinstance(value, list | tuple):
        return [described(each) for each in value]
    if isinstance(value, dict):
        return {name: described(each) for name, each in value.items()}
    if isinstance(value, nn.ModuleDict):
        return {name: described(part) for name, part in value.items()}
    if type(value).__module__.startswith("ganzoo"):
        return type(value).__name__, described(numbers_of(value))
    return value


def numbers_of(part: Any) -> dict[str, Any]:
    """A part's own attributes, without those that every module has, and how it was called."""
    shared = {*vars(nn.Module()), "built_with"}
    return {name: value for name, value in vars(part).items() if name not in shared}


def steps_of(game: Game) -> Any:
    """How the players step: optimizers' classes and settings, schedules' classes and settings."""
    optimizers, schedules = game.configure_optimizers()
    hidden = {"optimizer", "_initial_step", "_step_count", "_get_lr_called_within_step", "_last_lr"}
    return described(
        [
            *[(type(each), each.defaults) for each in optimizers],
            *[
                (type(each), {k: v for k, v in vars(each).items() if k not in hidden})
                for each in schedules
            ],
        ]
    )


@pytest.mark.parametrize("name", MODELS)
def test_a_recipe_is_the_class_of_its_name_with_its_defaults(name, compose):
    cfg = compose(f"model={name}")
    composed = instantiate(cfg.model, _convert_="all")
    built = type(composed)((1, 28, 28))
    assert type(composed).__name__.lower() == name.replace("_", "")
    assert type(composed) in vars(model).values()
    assert str(composed) == str(built)
    for part in ("condition", "latent", "losses", "n_critic", "ema_decay", "seed", "image_shape"):
        assert described(getattr(composed, part)) == described(getattr(built, part)), part
    assert steps_of(composed) == steps_of(built)
    ours, theirs = composed.state_dict(), built.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


ADAM, SGD, RMSPROP = torch.optim.Adam, torch.optim.SGD, torch.optim.RMSprop
PAPERS = {
    # noise, discriminator steps, batch, loss, optimizer, rates of G and D, betas or momentum
    "gan": (Uniform, 100, 1, 100, {"non_saturating": {"real_target": 1}}, SGD, (0.1, 0.05), 0.5),
    "dcgan": (Uniform, 100, 1, 128, {"non_saturating": {}}, ADAM, (2e-4, 2e-4), (0.5, 0.999)),
    "cgan": (Uniform, 100, 1, 100, {"non_saturating": {}}, SGD, (0.1, 0.05), 0.5),
    "lsgan": (
        *(Uniform, 100, 1, 64, {"least_squares": {"a": 0, "b": 1, "c": 1}}),
        *(ADAM, (2e-4, 2e-4), (0.5, 0.999)),
    ),
    "wgan": (
        *(Uniform, 100, 5, 64, {"wasserstein": {}, "weight_clipping": {"bound": 0.01}}),
        *(RMSPROP, (5e-5, 5e-5), None),
    ),
    "wgan_gp": (
        *(Gaussian, 128, 5, 64, {"wasserstein": {}, "gradient_penalty": {"weight": 10}}),
        *(ADAM, (1e-4, 1e-4), (0, 0.9)),
    ),
    "infogan": (
        *(Uniform, 62, 1, 128, {"non_saturating": {}, "mutual_information": {"weight": 1}}),
        *(ADAM, (1e-3, 2e-4), (0.5, 0.999)),
    ),
    "acgan": (
        *(Uniform, 100, 1, None, {"non_saturating": {}, "auxiliary_classification": {"weight": 1}}),
        *(ADAM, (2e-4, 2e-4), (0.5, 0.999)),
    ),
    "unrolled_gan": (
        *(Gaussian, 256, 1, None, {"non_saturating": {}}),
        *(ADAM, (1e-3, 1e-4), (0.5, 0.999)),
    ),
    "sngan": (Gaussian, 128, 5, 64, {"hinge": {}}, ADAM, (2e-4, 2e-4), (0, 0.9)),
    "pdgan": (Gaussian, 128, 5, None, {"hinge": {}}, ADAM, (2e-4, 2e-4), (0, 0.9)),
    "sagan": (Gaussian, 128, 1, 256, {"hinge": {}}, ADAM, (1e-4, 4e-4), (0, 0.9)),
    "biggan": (Gaussian, 120, 2, 2048, {"hinge": {}}, ADAM, (5e-5, 2e-4), (0, 0.999)),
}


AVERAGES = {"biggan": 0.9999}
DECAYS = {"gan": [1.000004] * 2, "cgan": [1.00004] * 2}


def test_every_paper_is_that_of_a_recipe():
    experiments = {path.stem for path in (CONF / "experiment" / "paper").iterdir()}
    assert set(PAPERS) <= experiments <= set(MODELS)


@pytest.mark.parametrize("name", PAPERS)
def test_a_paper_has_its_numbers(name, compose):
    noise, width, n_critic, batch_size, loss, optimizer, rates, inertia = PAPERS[name]
    own = OmegaConf.load(CONF / "experiment" / "paper" / f"{name}.yaml")
    side = OmegaConf.select(own, "data.image_size") or 32
    composed = compose(f"experiment=paper/{name}", image_shape=(1, side, side))
    assert OmegaConf.select(own, "data.batch_size") == batch_size  # None: the data's
    game = instantiate(shrink(composed).model, _convert_="all")
    assert type(game).__name__.lower() == name.replace("_", "")
    assert (type(game.latent), game.latent.dim) == (noise, width)
    assert (game.n_critic, game.ema_decay) == (n_critic, AVERAGES.get(name))
    assert game.losses.keys() == loss.keys()
    for term, numbers in loss.items():
        assert numbers.items() <= numbers_of(game.losses[term]).items()
    players, schedules = game.configure_optimizers()
    assert [type(each) for each in players] == [optimizer] * 2
    assert tuple(each.defaults["lr"] for each in players) == rates
    setting = "momentum" if optimizer is SGD else "betas"
    assert [described(each.defaults.get(setting)) for each in players] == [described(inertia)] * 2
    assert [each.decay for each in schedules] == DECAYS.get(name, [])


@pytest.mark.parametrize(
    ("name", "batch_size", "rates"),
    [
        ("gan_mnist", 100, (1e-3, 5e-4)),  # the paper's momentum SGD collapses here
        ("cgan_mnist", 128, (2e-4, 2e-4)),
        ("dcgan_mnist", 128, (1e-3, 5e-4)),  # the paper's 2e-4 learns features that tell less
        ("infogan_mnist", 128, (1e-3, 2e-4)),
        ("wgan_gp_mnist", 64, (1e-4, 1e-4)),
    ],
)
def test_an_experiment_has_its_papers_numbers(name, batch_size, rates, compose):
    cfg = shrink(compose(f"experiment={name}", image_shape=(1, 28, 28)))
    players, _ = instantiate(cfg.model, _convert_="all").configure_optimizers()
    assert cfg.data.batch_size == batch_size
    assert [type(each) for each in players] == [ADAM] * 2
    assert tuple(each.defaults["lr"] for each in players) == rates


def test_every_variant_has_a_recipe():
    assert {name.replace("_", "") for name in MODELS} == {name.lower() for name in model.__all__}


@pytest.mark.parametrize("variant", model.__all__)
def test_a_variant_chooses_and_never_overrides_the_game(variant):
    chosen = getattr(model, variant)
    shared = {name for name in vars(Game) if not name.startswith("__")} - {"recipe"}
    for each in chosen.__mro__[: chosen.__mro__.index(Game)]:
        assert not shared & vars(each).keys()


# The groups of conf/ are the folders of ganzoo/

EXTRACTOR = "metric/extractor"  # a part of metrics and probes
SINGLE = ("condition", "latent", "network", "augmentation", "head", "data", EXTRACTOR)
NAMED = ("loss", "metric", "callback", "probe")  # several at once, each under its own name
FILES = [
    (group, path) for group in (*SINGLE, *NAMED) for path in sorted((CONF / group).glob("*.yaml"))
]
FROM_GAME = {"features", "condition_dim"}  # a head is built once the trunk's width is known


def test_groups_mirror_folders():
    groups = {path.name for path in CONF.iterdir() if path.is_dir()}
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    rooms = {"settings", "runs", "inference", "report", "training"}
    assert groups - {"trainer", "experiment", "hydra", "hparams_search"} == folders - rooms


def nodes(group: str, path: Path) -> list[dict[str, Any]]:
    """What the file instantiates, with what it inherits from the file it starts from."""
    content = read_conf(path)
    if group == "data":
        return [content["data"]]
    return [content] if group in SINGLE else list(content.values())


def is_variation(group: str, path: Path) -> bool:
    """Whether the file starts from another of its group, or has a loss under another name."""
    content = OmegaConf.load(path)
    if group == "loss":
        _, _, kind = content[path.stem]["_target_"].rpartition(".")
        return kind.lower() != path.stem.replace("_", "")
    return group != "data" and bool(bases(content.get("defaults", [])))


def options_of(target: type) -> dict[str, Any]:
    parameters = inspect.signature(target).parameters.values()
    return {
        each.name: each.default
        for each in parameters
        if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    }


@pytest.mark.parametrize(
    ("group", "path"),
    FILES,
    ids=lambda value: value.stem if isinstance(value, Path) else value,
)
def test_a_file_lists_the_options_of_its_target_with_their_defaults(group, path):
    for node in nodes(group, path):
        target, from_game = node.pop("_target_"), FROM_GAME if node.pop("_partial_", 0) else set()
        assert target.rpartition(".")[0] == f"ganzoo.{group.partition('/')[0]}"
        options = options_of(get_class(target))
        assert node.keys() == options.keys() - from_game
        if not is_variation(group, path):
            for name, value in node.items():
                if is_default(value) and options[name] is not inspect.Parameter.empty:
                    assert described(value) == described(options[name]), name


def is_default(value: Any) -> bool:
    """Whether the value is written down here, and not another part or taken from elsewhere."""
    return not isinstance(value, dict) and "${" not in str(value)


@pytest.mark.parametrize(
    ("group", "kind", "base"),
    [
        ("condition", Condition, set()),
        ("latent", Latent, {Categorical}),  # a factor of a code, no noise
        ("network", Network, set()),
        ("augmentation", Augmentation, set()),
        ("head", Head, {Head}),
        ("loss", Loss, {Loss, Objective}),
        ("probe", Probe, set()),
        (EXTRACTOR, Extractor, set()),
    ],
)
def test_every_part_has_a_file(group, kind, base):
    offered = vars(import_module(f"ganzoo.{group.partition('/')[0]}")).values()
    parts = {each for each in offered if inspect.isclass(each) and issubclass(each, kind)}
    parts = {each for each in parts if not inspect.isabstract(each)} - base
    targets = [node["_target_"] for g, path in FILES if g == group for node in nodes(g, path)]
    assert parts == {get_class(target) for target in targets}


# Which choices make a game: written down here once more, independently of ganzoo.rules

SIDE = 16


def part(path: Path, *name: str) -> Any:
    """What a file of conf/ builds, or what it builds under a name."""
    content = {"facts": {"images": 640}, "part": read_conf(path)}
    values = OmegaConf.to_container(OmegaConf.create(content), resolve=True)["part"]
    return instantiate(values[name[0]] if name else values, _convert_="all")


CONDITIONS = {
    "nothing": Nothing(),
    "class_label": ClassLabel(10),
    "feature_vector": FeatureVector(5),
    "latent_code": LatentCode((3,), 1, 1),
}
HEADS = {
    "unconditional": Unconditional,
    "concatenation": Concatenation,
    "projection": Projection,
    "recognition": Recognition,
}
LOSSES = {path.stem: part(path, path.stem) for path in sorted((CONF / "loss").glob("*.yaml"))}
READERS = {
    "": {},
    **{name: {name: LOSSES[name]} for name in ("mutual_information", "auxiliary_classification")},
}
OBJECTIVES = {name: loss for name, loss in LOSSES.items() if isinstance(loss, Objective)}
ADDED = [name for name in LOSSES.keys() - OBJECTIVES.keys() if not LOSSES[name].needs_guess]
REGULARISERS = {"": {}, **{name: {name: LOSSES[name]} for name in sorted(ADDED)}}
AUGMENTATIONS = {path.stem: part(path) for path in sorted((CONF / "augmentation").glob("*.yaml"))}
NETWORKS = {
    "mlp": MLP(generator_hidden=[16], discriminator_hidden=[16]),
    "dcgan": ConvNet(width=4),
    "resnet": ResNet(width=4),
}
SENSE = {
    # Nobody is told anything, or the generator is given a code that nobody asks for.
    ("nothing", "unconditional", ""),
    ("latent_code", "unconditional", ""),
    # Both are told what real images have too.
    *product(("class_label", "feature_vector"), ("concatenation", "projection"), [""]),
    # D must guess, and something rewards it; real images have no code that it could guess.
    ("class_label", "recognition", "mutual_information"),
    ("class_label", "recognition", "auxiliary_classification"),
    ("feature_vector", "recognition", "mutual_information"),
    ("feature_vector", "recognition", "auxiliary_classification"),
    ("latent_code", "recognition", "mutual_information"),
}
ALL = sorted(product(CONDITIONS, HEADS, READERS))
# Losses and augmentations that read single scores, and what they may read.
SINGLE_SCORES = {"minimax", "non_saturating", "least_squares", "wasserstein", "hinge"}
SAYING_REAL = {"minimax", "non_saturating", "hinge", "gradient_normalisation"}
RELATIVE = {*(name for name in OBJECTIVES if "relativistic" in name), "gradient_normalisation"}
KINDS = ("minimax", "least_squares", "wasserstein", "hinge", "relativistic_pair")  # of objectives


def game_of(
    *choice: str,
    objective: str = "non_saturating",
    regulariser: str = "",
    network: str = "mlp",
    augmentation: str = "none",
    variant: type[Game] = Game,
) -> Game:
    condition, head, reader = choice
    loss = {objective: OBJECTIVES[objective], **READERS[reader], **REGULARISERS[regulariser]}
    side = 32 if network == "resnet" else SIDE
    parts = {"condition": CONDITIONS[condition], "head": HEADS[head], "network": NETWORKS[network]}
    return variant((1, side, side), loss=loss, augmentation=AUGMENTATIONS[augmentation], **parts)


GROUPS = {
    "choice": sorted(SENSE),
    "regulariser": list(REGULARISERS),
    "objective": list(OBJECTIVES),
    "augmentation": list(AUGMENTATIONS),
    "network": ["mlp", "dcgan"],
}


def clash(one: Any, other: Any) -> bool:
    """Whether an objective gives scores that a regulariser or an augmentation cannot read."""
    objective = one if one in OBJECTIVES else other
    return {
        "lecam": objective in OBJECTIVES and not OBJECTIVES[objective].raw_scores,
        "ada": objective in OBJECTIVES and not OBJECTIVES[objective].calibrated_scores,
    }.get(other if objective is one else one, False)


ROWS = pairwise(GROUPS, clash)


def test_pairwise_games_hold_every_pair():
    assert set().union(*map(pairs_of, ROWS)) >= sensible_pairs(GROUPS, clash)
    assert len(ROWS) < 2 * len(SENSE) * len(REGULARISERS)


def described_row(row: Any) -> str:
    return "-".join("-".join(each) if isinstance(each, tuple) else each for each in row.values())


@pytest.mark.parametrize("row", ROWS, ids=described_row)
def test_every_pair_of_parts_takes_two_steps(row, play):
    game = game_of(*row["choice"], **{name: row[name] for name in row.keys() - {"choice"}})
    play(game, steps=2)
    assert_sound(game)


def test_a_loss_or_an_augmentation_that_cannot_read_an_objectives_scores_is_refused():
    """Relative scores have no level, and of least squares and Wasserstein's 0 says nothing."""
    alone = ("nothing", "unconditional", "")
    for objective in SINGLE_SCORES | RELATIVE:
        for added, sense, remedy in (
            ({"regulariser": "lecam"}, SINGLE_SCORES, "loss=[non_saturating,…]"),
            ({"augmentation": "ada"}, SAYING_REAL, "augmentation.strength=0.5"),
        ):
            if objective in sense:
                game_of(*alone, objective=objective, **added)
                continue
            with pytest.raises(UserError) as refusal:
                game_of(*alone, objective=objective, **added)
            sentence = str(refusal.value)
            assert sentence.endswith(".")
            assert ". " not in sentence
            assert remedy in sentence.partition(": ")[2]


@pytest.mark.slow
@pytest.mark.parametrize("choice", sorted(SENSE), ids="-".join)
def test_choices_that_make_sense_take_two_steps_with_every_loss_and_network(choice, play):
    for objective, network in product(OBJECTIVES, ("mlp", "dcgan")):
        game = game_of(*choice, objective=objective, network=network)
        play(game, steps=2)
        assert_sound(game)


@pytest.mark.slow
@pytest.mark.parametrize("choice", sorted(SENSE), ids="-".join)
def test_choices_that_make_sense_take_two_steps_under_every_penalty(choice, play):
    for regulariser in REGULARISERS:
        game = game_of(*choice, objective="wasserstein", regulariser=regulariser, network="dcgan")
        play(game, steps=2)
        assert_sound(game)


@pytest.mark.parametrize("objective", KINDS)
def test_residual_networks_take_two_steps_with_every_kind_of_loss(objective, play):
    choices = sorted(SENSE)
    for choice in choices[KINDS.index(objective) :: 4]:
        game = game_of(*choice, objective=objective, network="resnet")
        play(game, steps=2)
        assert_sound(game)


def assert_sound(game: Game) -> None:
    assert game.global_step == 2
    assert all(value.isfinite() for value in game.curves.values())
    for player in ("generator", "discriminator"):
        terms = {name for name in game.curves if name.startswith(player) and "output" not in name}
        sides = {
            name
            for name, loss in game.losses.items()
            if getattr(type(loss), f"for_{player}") is not getattr(Loss, f"for_{player}")
        }
        assert terms == {f"{player}/{name}" for name in sides}


@pytest.mark.parametrize("variant", model.__all__)
def test_every_variant_is_built_from_any_choice_that_makes_sense_and_from_no_other(variant):
    build = partial(game_of, variant=getattr(model, variant))
    for choice in ALL:
        if choice in SENSE:
            for objective, network in product(KINDS, ("mlp", "dcgan")):
                build(*choice, objective=objective, network=network)
        else:
            with pytest.raises(UserError):
                build(*choice)


def complaint(*choice: str) -> str | None:
    try:
        game_of(*choice)
    except UserError as error:
        return str(error)
    return None


@pytest.mark.parametrize("choice", sorted(set(ALL) - SENSE), ids="-".join)
def test_who_types_what_the_sentence_says_arrives_at_a_game(choice):
    condition, head, reader = choice
    for _ in range(4):
        sentence = complaint(condition, head, reader)
        if sentence is None:
            break
        assert sentence.endswith(".")
        assert ". " not in sentence
        remedy = sentence.partition(": ")[2]
        option, value = re.search(r"\b(condition|head)=(\w+)", remedy).groups()
        condition, head = (value, head) if option == "condition" else (condition, value)
    assert (condition, head, reader) in SENSE
    assert sentence is None


# From the command line


def composed(compose: Any, *overrides: str, **facts: Any) -> Game:
    return instantiate(shrink(compose(*overrides, **facts)).model, _convert_="all")


@pytest.mark.parametrize(
    ("overrides", "facts"),
    [
        (["model=wgan", "loss=[wasserstein,gradient_penalty]"], {}),
        (
            ["model=cgan", "loss=[wasserstein,gradient_penalty]", "network=resnet"],
            {"image_shape": (3, 32, 32)},
        ),
        (
            [
                *("model=cgan", "loss=[wasserstein,gradient_penalty]", "network=resnet"),
                *("optimizer=adam_wgan_gp", "n_critic=2"),
            ],
            {"image_shape": (3, 32, 32)},
        ),
        (["model=wgan_gp", "condition=class_label", "head=projection"], {}),
        (["model=lsgan", "network=resnet"], {"image_shape": (3, 32, 32)}),
        (["model=infogan", "loss=[hinge,mutual_information]"], {}),
        (["model=infogan", "condition.categorical=[2,3]", "condition.gaussian=1"], {}),
        (["model=cgan", "condition=feature_vector"], {"n_classes": 0, "n_features": 6}),
        (["model=lsgan", "loss.least_squares.a=-1", "loss.least_squares.c=0"], {}),
        (["model=dcgan", "loss.non_saturating.real_target=0.9", "ema=0.99"], {}),
        (["model=dcgan", "loss=[non_saturating,r1]", "network.minibatch_std=true"], {}),
        (["model=dcgan", "network=plane", "data=ring"], {"image_shape": (2,), "n_classes": 0}),
        (["model=dcgan", "network.packing=2", "network.spectral_norm=true"], {}),
        (["model=dcgan", "optimizer.discriminator.lr=4e-4", "optimizer/schedule=linear"], {}),
        (["model=gan", "loss=[minimax]", "network=branched"], {}),
        (["model=sngan", "network=resnet"], {"image_shape": (1, 32, 32)}),
        (["model=acgan", "network=mlp", "loss=[hinge,auxiliary_classification,dragan]"], {}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_overrides_alone_make_a_game(overrides, facts, compose, play):
    game = composed(compose, *overrides, **facts)
    play(game, steps=2)
    assert_sound(game)


def test_overrides_reach_the_game(compose):
    game = composed(
        compose,
        *("model=infogan", "loss=[hinge,mutual_information]", "n_critic=3", "ema=0.9", "seed=5"),
        *("loss.mutual_information.weight=0.5", "latent=gaussian", "latent.dim=7"),
        *("condition.categorical=[2,3]", "condition.uniform=0", "network.batch_norm=false"),
        *("optimizer.generator.lr=0.5", "head.hidden=9"),
    )
    assert described(game.losses) == {
        "hinge": ("Hinge", {}),
        "mutual_information": ("MutualInformation", {"weight": 0.5}),
    }
    assert (game.n_critic, game.ema_decay, game.seed) == (3, 0.9, 5)
    assert described(game.latent) == ("Gaussian", {"dim": 7})
    assert game.condition.widths == [2, 3]
    assert not [each for each in game.generator.modules() if isinstance(each, nn.BatchNorm2d)]
    assert game.configure_optimizers()[0][0].defaults["lr"] == 0.5
    assert game.discriminator.head.guess[0].out_features == 9


@pytest.mark.parametrize("name", MODELS)
def test_every_recipe_plays_with_every_kind_of_objective(name, compose, play):
    cfg = shrink(compose(f"model={name}", image_shape=(1, 32, 32)))
    own = [key for key, node in cfg.loss.items() if not is_objective(node)]
    for objective in KINDS:
        cfg.loss = {
            **OmegaConf.load(CONF / "loss" / f"{objective}.yaml"),
            **{key: cfg.loss[key] for key in own},
        }
        game = instantiate(cfg.model, _convert_="all")
        play(game, steps=2)
        assert_sound(game)


def is_objective(node: Any) -> bool:
    return issubclass(get_class(node["_target_"]), Objective)


@pytest.mark.parametrize("path", sorted((CONF / "experiment").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_experiment_composes_and_takes_two_steps(path, compose, play):
    cfg = compose(f"experiment={path.stem}")
    points = get_class(cfg.network["_target_"]) is Plane
    side = cfg.data.get("image_size") or 28
    shape = (2,) if points else (3, side, side)
    game = composed(compose, f"experiment={path.stem}", image_shape=shape, n_features=5)
    play(game, steps=2)
    assert_sound(game)
