"""A score class by class is refused before training where a class has too few images."""

import pytest

WORDS = ["model=acgan", "data=stacked_mnist", "data.n_samples=600", "data.val_size=100"]


def test_classes_with_too_few_images_are_named_before_training(command, tmp_path):
    code, _, err = command(
        *("train", *WORDS, "network.width=4", "data.batch_size=16", "max_steps=2", "val_every=1"),
        *("metric=[fid_per_class_digits]", "hydra.run.dir=run"),
    )
    assert code == 1
    said = err.splitlines()[-1]
    assert "metric=fid_per_class_digits needs at least 2 samples of every class" in said
    assert "of 1000 classes have fewer (class 000 has" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("val_size", "code"), [(100, 0), (12, 1)])
def test_the_counts_are_those_of_the_held_out_samples(command, val_size, code):
    words = ["model=acgan", "data=digits", f"data.val_size={val_size}", "data.batch_size=8"]
    words += ["network.width=4", "max_steps=1", "val_every=1", "metric=[fid_per_class_digits]"]
    assert command("train", *words, "logger=[]", "hydra.run.dir=run")[0] == code
