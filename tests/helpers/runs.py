"""The files of runs that never took place."""

import json

from PIL import Image


def write_run(folder, scores=(3.0, 2.0), *, model="dcgan", seed=0, data="MNIST5k", n=1000, **more):
    """The files of a finished run whose validations had these scores."""
    folder.mkdir(parents=True)
    words = [f"model={model}", f"seed={seed}", *more.pop("words", [])]
    origin = {"command": words, "seed": seed, "searched": more.pop("searched", [])}
    (folder / "origin.json").write_text(json.dumps(origin))
    monitor = more.get("monitor", "val/fid")
    facts = {"image_shape": more.pop("image_shape", [1, 28, 28]), "monitor": monitor}
    settings = {
        "model": {"_target_": f"ganzoo.model.{model.upper()}"},
        "data": {"_target_": f"ganzoo.data.{data}"},
        "facts": facts,
    }
    (folder / "config.yaml").write_text(json.dumps(settings))
    metrics = {
        "monitor": monitor,
        monitor: scores[-1],
        f"{monitor}_n": n,
        "best": min(scores),
        "best_step": 10,
        "steps": 10,
        "images": 640,
        "train_seconds": 2.0,
        "images_per_second": 320.0,
        "finished": True,
        **more,
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))
    lines = [f"images,step,{monitor}"]
    for number, score in enumerate(scores, start=1):
        lines += [f"{64 * number * 5},{number * 5},", f",{number * 5},{score}"]
    (folder / "csv").mkdir()
    (folder / "csv" / "metrics.csv").write_text("\n".join(lines) + "\n")
    (folder / "samples").mkdir()
    Image.new("RGB", (30, 30), (seed, 0, 0)).save(folder / "samples" / "step_000010.png")
    return folder
