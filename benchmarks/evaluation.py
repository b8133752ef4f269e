"""How scores agree with other implementations, and what they cost.

    python benchmarks/evaluation.py [inception] [neighbours] [sharing] [memory]

Inception has random weights in the format of the real file: a network's speed and its agreement
with another implementation of it depend on no weights. Nothing is downloaded.
"""

import resource
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch_fidelity import calculate_metrics
from torch_fidelity import feature_extractor_inceptionv3 as fidelity
from torchmetrics.image.fid import NoTrainInceptionV3

from ganzoo import DCGAN, picture
from ganzoo.inference.compare import compare_folders
from ganzoo.metric import (
    FID,
    KID,
    PRDC,
    ClassifierScore,
    DigitsExtractor,
    Extractor,
    InceptionExtractor,
    MiFID,
    PointsExtractor,
    Score,
)
from ganzoo.metric.neighbours import nearest

N_PICTURES = 50
N_FULL = 10_000
BATCH = 64


def inception() -> None:
    """FID, KID and Inception Score of two folders, as torch-fidelity has them, and FID's speed."""
    with tempfile.TemporaryDirectory() as name:
        weights, (real, fake) = random_inception(Path(name)), folders(Path(name))
        options = {"cuda": False, "verbose": False, "batch_size": BATCH, "kid_subset_size": 25}
        options |= {"feature_extractor": "inception-v3-compat", "save_cpu_ram": True}
        options |= {"feature_extractor_weights_path": str(weights)}
        options |= {"input1": str(fake), "input2": str(real)}
        said = [f"metric.{each}.extractor.weights={weights}" for each in ("kid", "inception_score")]
        said += ["metric=[kid,inception_score]", "metric.kid.subset_size=25"]
        start = perf_counter()
        found = compare_folders(real, fake, [f"metric.fid.extractor.weights={weights}"])
        between = perf_counter()
        theirs = calculate_metrics(fid=True, **options)
        seconds = (between - start, perf_counter() - between)
        found |= compare_folders(real, fake, said)
        theirs |= calculate_metrics(kid=True, isc=True, **options)
    names = {
        "fid": "frechet_inception_distance",
        "kid": "kernel_inception_distance_mean",
        "inception_score": "inception_score_mean",
    }
    agreement("torch-fidelity", {ours: (found[ours], theirs[its]) for ours, its in names.items()})
    table = Table("", "ganzoo", "torch-fidelity", "ratio", title="seconds")
    row(table, f"FID of 2 x {N_PICTURES} pictures", *seconds)
    Console().print(table)


def agreement(with_whom: str, pairs: Mapping[str, tuple[float, float]]) -> None:
    table = Table("score", "ganzoo", with_whom, "relative difference", title="agreement")
    for name, (ours, other) in pairs.items():
        table.add_row(name, f"{ours:.8g}", f"{other:.8g}", f"{abs(ours / other - 1):.1e}")
    Console().print(table)


def row(table: Table, name: str, ours: float, other: float) -> None:
    table.add_row(name, f"{ours:.1f}", f"{other:.1f}", f"{ours / other:.3f}")


def folders(folder: Path) -> tuple[Path, Path]:
    """Two folders of random pictures, one of them darker."""
    random = torch.Generator().manual_seed(0)
    for name, top in (("real", 256), ("fake", 128)):
        for which in range(N_PICTURES):
            tile = torch.randint(0, top, (3, 32, 32), dtype=torch.uint8, generator=random)
            picture.save_image(tile, folder / name / f"{which:03}.png")
    return folder / "real", folder / "fake"


def random_inception(folder: Path) -> Path:
    """Write random weights in the format of the real ones."""
    fidelity.load_state_dict_from_url = lambda *_, **__: {}
    own, NoTrainInceptionV3.load_state_dict = NoTrainInceptionV3.load_state_dict, lambda *_: None
    torch.manual_seed(0)
    network = NoTrainInceptionV3("inception-v3-compat", ["2048"])
    NoTrainInceptionV3.load_state_dict = own
    for weight in network.parameters():
        if weight.dim() == 4:
            nn.init.kaiming_normal_(weight)
    torch.save(network.state_dict(), folder / "random.pth")
    return folder / "random.pth"


def neighbours() -> None:
    """Precision and the like by the papers' formulas over whole distance matrices."""
    real, fake = clouds(600, 16, 500)
    between = lambda x, y: np.sqrt(((x[:, None] - y[None]) ** 2).sum(2))  # noqa: E731
    x, y = real.double().numpy(), fake.double().numpy()
    distances, real_reach = between(x, y), np.sort(between(x, x), axis=1)
    fake_reach = np.sort(between(y, y), axis=1)
    expected = {
        "precision": (distances < real_reach[:, 3:4]).any(0).mean(),
        "recall": (distances < fake_reach[:, 3]).any(1).mean(),
        "density": (distances < real_reach[:, 5:6]).sum(0).mean() / 5,
        "coverage": (distances.min(1) < real_reach[:, 5]).mean(),
    }
    found = computed(PRDC(PointsExtractor()), real, fake)
    pairs = {name: (found[name], float(value)) for name, value in expected.items()}
    agreement("numpy", pairs)


def clouds(n: int, d: int, m: int | None = None) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(rows, d, generator=random) for rows in (n, m or n))
    return real.relu(), (1.1 * fake + 0.2).relu()


def computed(score: Score, real: Tensor, fake: Tensor) -> Mapping[str, float]:
    score.update(real, real=True)
    score.update(fake, real=False)
    found = score.compute()
    return found if isinstance(found, Mapping) else {"": found}


def sharing() -> None:
    """What further scores add to FID, with the samples and their features made once."""
    table = Table("", "five scores", "FID alone", "ratio", title=f"seconds, n = {N_FULL}")
    game, extractor = DCGAN((1, 28, 28)), DigitsExtractor()
    start = perf_counter()
    fake = torch.cat([extractor(part) for part in game.sample(N_FULL).split(BATCH)])
    seconds, real = perf_counter() - start, fake.roll(1, dims=1)
    added_by(table, "DCGAN at 28 px, digits", seconds, extractor, real, fake)
    with tempfile.TemporaryDirectory() as name:
        network = InceptionExtractor(str(random_inception(Path(name))))
        network.load()
    pictures = game.sample(BATCH)
    start = perf_counter()
    network(pictures)
    seconds = (perf_counter() - start) * N_FULL / BATCH  # of all: 20 minutes and more on a CPU
    added_by(table, f"Inception, its time from {BATCH}", seconds, network, *clouds(N_FULL, 2048))
    Console().print(table)


def added_by(
    table: Table, name: str, seconds: float, extractor: Extractor, real: Tensor, fake: Tensor
) -> None:
    """Add a row: the seconds until there are features, and those of each score."""
    each = {}
    for kind in (FID, KID, MiFID, PRDC, ClassifierScore):
        start = perf_counter()
        computed(kind(extractor), real, fake)
        each[kind.__name__] = perf_counter() - start
    Console().print(name, {key: round(value, 1) for key, value in each.items()})
    row(table, name, seconds + sum(each.values()), seconds + each["FID"])


def memory() -> None:
    table = Table("task", "peak", title=f"memory of {N_FULL} x {N_FULL} with 2048 features, in MB")
    for name in ("nearest", "prdc", "mifid"):
        with get_context("spawn").Pool(1) as pool:  # a peak of its own
            table.add_row(name, f"{pool.apply(peak, (name,)):.0f}")
    Console().print(table)


def peak(name: str) -> float:
    """MB above those of the bare process, the features themselves included."""
    torch.set_num_threads(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    real, fake = clouds(N_FULL, 2048)
    if name == "nearest":
        nearest(real, fake)
    else:
        computed({"prdc": PRDC, "mifid": MiFID}[name](PointsExtractor()), real, fake)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def main() -> None:
    torch.set_num_threads(1)
    parts = (inception, neighbours, sharing, memory)
    for part in parts:
        if part.__name__ in (sys.argv[1:] or [each.__name__ for each in parts]):
            part()


if __name__ == "__main__":
    main()
