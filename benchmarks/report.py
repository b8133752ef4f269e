"""What ``ganzoo report`` costs: seconds, memory and the size of its page, on 200 made-up runs.

Each has 1,000 logged points of 20 columns and a grid of noise, which no compression makes smaller:

    python benchmarks/report.py
"""

import csv
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import Image

RUNS, POINTS, VARIANTS = 200, 1000, 20


def write_run(folder: Path, variant: int, seed: int) -> None:
    """The files of a finished run, as ganzoo leaves them."""
    random = np.random.default_rng([variant, seed])
    (folder / "csv").mkdir(parents=True)
    (folder / "samples").mkdir()
    words = ["model=dcgan", f"optimizer.generator.lr={variant + 1}e-5", f"seed={seed}"]
    settings = {
        "model": {"_target_": "ganzoo.model.DCGAN"},
        "data": {"_target_": "ganzoo.data.CIFAR10"},
        "facts": {"image_shape": [3, 32, 32], "monitor": "val/fid"},
    }
    curve = 20 + variant + 200 / np.arange(1, POINTS + 1) + random.random(POINTS)
    metrics = {
        "monitor": "val/fid",
        "val/fid": curve[-1],
        "val/fid_n": 10000,
        "best": curve.min(),
        "best_step": 64,
        "steps": POINTS,
        "images": 64 * POINTS,
        "train_seconds": 100.0,
        "images_per_second": 0.64 * POINTS,
        "finished": True,
    }
    for name, content in {
        "origin.json": {"command": words, "seed": seed},
        "config.yaml": settings,
        "metrics.json": metrics,
    }.items():
        (folder / name).write_text(json.dumps(content))
    losses = [f"discriminator/term_{number}" for number in range(17)]
    with (folder / "csv" / "metrics.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*losses, "images", "step", "val/fid"])
        for number, score in enumerate(curve, start=1):
            writer.writerow([*random.random(17), 64 * number, number, score])
    noise = random.integers(0, 256, (274, 342, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "samples" / "step_001000.png")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(RUNS):
            write_run(folder / f"{number}", number % VARIANTS, number // VARIANTS)
        start = perf_counter()
        program = "from ganzoo.cli import main; main()"
        command = [sys.executable, "-c", program, "report", name, "--out", name]
        subprocess.run(command, check=True)
        seconds = perf_counter() - start
        size = (folder / "report.html").stat().st_size / 1e6
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(
            f"{RUNS} runs of {POINTS} points: {seconds:.1f} s ({usage.ru_utime:.1f} s of one core)"
        )
        print(f"{usage.ru_maxrss / 1024:.0f} MiB at most, a page of {size:.2f} MB")


if __name__ == "__main__":
    main()
