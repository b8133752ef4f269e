"""Two folders of pictures are read a batch at a time, and what cannot be read is not scored."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image

from ganzoo.error import UserError
from ganzoo.inference.compare import FolderPictures, compare_folders

DIGITS = ["metric=[fid_digits]"]


def write(folder, count, side=16, channels=3):
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(count)
    for number in range(count):
        pixels = random.integers(0, 256, (side, side, channels), dtype=np.uint8)
        Image.fromarray(pixels if channels == 3 else pixels[..., 0]).save(folder / f"{number}.png")
    return folder


def test_memory_does_not_grow_with_the_folder(tmp_path):
    peaks = []
    for count in (128, 512):
        pictures = FolderPictures(write(tmp_path / str(count), count, side=64))
        tracemalloc.start()
        assert sum(len(batch) for batch in pictures.batches()) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 1e6


def test_a_broken_picture_is_named_and_not_counted(tmp_path):
    write(tmp_path / "real", 70)
    write(tmp_path / "fake", 70)
    (tmp_path / "fake/3.png").write_bytes(b"no picture")
    with pytest.warns(UserWarning, match=r"broken: 3\.png"):
        found = compare_folders(tmp_path / "real", tmp_path / "fake", DIGITS)
    assert (found["n_real"], found["n_fake"]) == (70, 69)


def test_folders_are_grey_only_together(tmp_path):
    grey, colour = write(tmp_path / "grey", 5, channels=1), write(tmp_path / "colour", 5)
    assert FolderPictures(grey).are_grey()
    assert not FolderPictures(colour).are_grey()
    assert compare_folders(grey, grey, DIGITS)["fid_digits"] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    ("count", "words", "said"),
    [
        (1, DIGITS, "at least 2 pictures"),
        (8, ["metric=[kid_digits]"], "subset_size=8, or give folders of more pictures"),
        (5, ["metric=[prdc_digits]"], "there are 5 and 5: give folders of more pictures"),
    ],
)
def test_the_remedy_is_one_that_this_command_takes(tmp_path, count, words, said):
    folder = write(tmp_path / "few", count)
    with pytest.raises(UserError, match=said) as problem:
        compare_folders(folder, folder, words)
    assert "data." not in str(problem.value)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no pictures: give another folder") as problem:
        compare_folders(folder, tmp_path / "empty", words)
    assert "data." not in str(problem.value)
