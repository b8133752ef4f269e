"""Pictures as people have them: deep, transparent, linked, hidden, damaged, of many kinds."""

import os
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.data import ImageFolder
from ganzoo.data.pixels import is_transparent, to_rgb
from ganzoo.error import RunFailed, UserError

LEVELS = np.linspace(0, 65535, 32)[None].repeat(32, 0)


def noise(seed=0, side=32):
    random = np.random.default_rng(seed)
    return Image.fromarray(random.integers(0, 256, (side, side, 3), dtype=np.uint8))


def write(folder, count, suffix="png"):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        noise(number).save(folder / f"{number}.{suffix}")


def read(folder, **options):
    small = {"image_size": 32, "val_size": 4, "batch_size": 4, "cache_mb": 0, "num_workers": 0}
    data = ImageFolder(str(folder), **small | options)
    data.setup()
    return data


# --- one picture ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.pgm"])
def test_grey_of_16_bits_keeps_its_levels(tmp_path, name):
    Image.fromarray(LEVELS.astype(np.uint16)).save(tmp_path / name)
    with Image.open(tmp_path / name) as picture:
        rgb = np.asarray(to_rgb(picture, "white"))
    assert rgb.shape == (32, 32, 3)
    assert np.abs(rgb[..., 0] - LEVELS / 257).max() <= 0.5


def test_grey_of_floats_goes_from_0_to_1(tmp_path):
    Image.fromarray((LEVELS / 65535).astype(np.float32)).save(tmp_path / "a.tif")
    with Image.open(tmp_path / "a.tif") as picture:
        assert np.abs(np.asarray(to_rgb(picture, "white"))[..., 0] - LEVELS / 257).max() <= 0.5


@pytest.mark.parametrize("wrong", [-1.0, 255.0, np.nan])
def test_floats_beyond_that_are_refused(wrong):
    with pytest.raises(ValueError, match="0 to 1 for floats"):
        to_rgb(Image.fromarray(np.full((4, 4), wrong, np.float32)), "white")


def test_a_folder_of_16_bits_is_neither_white_nor_black(tmp_path):
    for number in range(20):
        deep = np.roll(LEVELS, number, 1).astype(np.uint16)
        Image.fromarray(deep).save(tmp_path / f"{number}.png")
    images = torch.cat([images for images, _ in read(tmp_path).val_dataloader()])
    assert len(images.unique()) == 32
    assert images.aminmax() == (-1, 1)


@pytest.mark.parametrize(("background", "seen"), [("white", 255), ("black", 0), ("#808080", 128)])
def test_what_lies_under_transparent_pixels_is_not_seen(background, seen):
    hidden = np.full((4, 4, 4), 77, np.uint8)
    hidden[..., 3] = 0
    hidden[0, 0, 3] = 255
    picture = Image.fromarray(hidden)
    rgb = np.asarray(to_rgb(picture, background))
    assert rgb[0, 0].tolist() == [77] * 3
    assert (rgb[1:] == seen).all()
    assert is_transparent(picture)
    assert not is_transparent(picture.convert("RGB"))


@pytest.mark.parametrize("mode", ["LA", "PA", "P"])
def test_other_kinds_of_transparency_are_known(mode):
    picture = Image.new("LA", (4, 4), (77, 0)) if mode == "LA" else Image.new("P", (4, 4))
    if mode == "P":
        picture.info["transparency"] = 0
    if mode == "PA":
        picture = Image.new("RGBA", (4, 4), (9, 9, 9, 0)).convert("PA")
    assert np.asarray(to_rgb(picture, "white")).tolist() == np.full((4, 4, 3), 255).tolist()


def test_transparency_is_said_once_and_a_background_has_its_own_pixels(tmp_path):
    for number in range(9):
        Image.new("RGBA", (32, 32), (10, 20, 30, 0)).save(tmp_path / f"{number}.png")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        white = read(tmp_path, cache_mb=1)
    (once,) = [str(each.message) for each in said]
    assert "data.background=…" in once
    warnings.simplefilter("ignore")
    black = read(tmp_path, background="black", cache_mb=1)
    assert next(iter(white.val_dataloader()))[0].unique().tolist() == [1]
    assert next(iter(black.val_dataloader()))[0].unique().tolist() == [-1]
    streams = [read(tmp_path, background=each, in_memory_mb=0) for each in ("white", "black")]
    assert len({data.fingerprint for data in streams}) == 2


@pytest.mark.parametrize("background", ["whyte", 7, None])
def test_a_background_is_a_colour(tmp_path, background):
    write(tmp_path, 8)
    with pytest.raises(UserError, match=r"type data\.background=white"):
        read(tmp_path, background=background)


# --- a folder -------------------------------------------------------------------------------------


def test_folders_that_are_no_classes_do_not_count(tmp_path):
    for name, count in (("cat", 8), ("dog", 8), (".ipynb_checkpoints", 1)):
        write(tmp_path / name, count)
    (tmp_path / "__MACOSX/cat").mkdir(parents=True)
    (tmp_path / "__MACOSX/cat/._0.png").write_bytes(b"\0\5\x16\7")
    (tmp_path / "cat/._0.png").write_bytes(b"\0\5\x16\7")
    (tmp_path / ".hidden.png").write_bytes(b"\0")
    data = read(tmp_path)
    assert data.class_names == ["cat", "dog"]
    assert len(data.source) == 16
    assert data.source.labels.tolist() == [0] * 8 + [1] * 8


@pytest.mark.parametrize("store", [{}, {"cache_mb": 1}, {"in_memory_mb": 0}])
def test_a_class_of_broken_pictures_is_no_class(tmp_path, store):
    write(tmp_path / "cat", 8)
    write(tmp_path / "eel", 8)
    (tmp_path / "dog").mkdir()
    (tmp_path / "dog/0.png").write_bytes(b"no picture")
    with pytest.warns(UserWarning, match=r"broken: dog/0\.png"):
        data = read(tmp_path, **store)
    assert data.class_names == ["cat", "eel"]
    assert data.source.labels.tolist() == [0] * 8 + [1] * 8


def test_a_stray_picture_is_named(tmp_path):
    write(tmp_path / "cat", 8)
    noise().save(tmp_path / "preview.png")
    with pytest.warns(UserWarning, match=r"no classes.*1 pictures.*\(preview\.png\): move"):
        assert read(tmp_path).n_classes == 0


def test_a_stray_picture_is_named_to_who_needs_classes(command, tmp_path):
    write(tmp_path / "zoo/cat", 8)
    noise().save(tmp_path / "zoo/preview.png")
    words = ["model=acgan", "data=image_folder", "data.root=zoo", "data.image_size=32"]
    with pytest.warns(UserWarning, match=r"preview\.png"):
        code, _, err = command(
            "train", *words, "data.val_size=4", "data.batch_size=4", "metric=[]", "network.width=4"
        )
    assert code == 1
    assert "needs data with class labels" in err


def test_a_link_to_a_folder_above_is_not_followed(tmp_path):
    write(tmp_path / "ring", 6)
    (tmp_path / "ring/self").symlink_to(".")
    (tmp_path / "ring/a").mkdir()
    (tmp_path / "ring/a/up").symlink_to("../..")
    assert len(read(tmp_path / "ring", val_size=2).source) == 6


def test_what_is_no_regular_file_is_passed_by(tmp_path):
    write(tmp_path, 8)
    os.mkfifo(tmp_path / "pipe.png")
    assert len(read(tmp_path).source) == 8


def test_other_suffixes_are_read_or_named(tmp_path):
    for suffix in ("png", "gif", "jfif", "JPE"):
        write(tmp_path / suffix, 2, "jpg" if "j" in suffix.lower() else suffix)
    for number in range(2):
        for suffix in ("jfif", "JPE"):
            (tmp_path / suffix / f"{number}.jpg").rename(tmp_path / suffix / f"{number}.{suffix}")
    (tmp_path / "png/9.heic").write_bytes(b"")
    (tmp_path / "png/README").write_text("mine")
    with pytest.warns(UserWarning, match=r"2 files in .* left out \(\.heic, README\): .*\.gif"):
        assert len(read(tmp_path).source) == 8


def test_a_folder_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    write(tmp_path / "locked", 2)

    def refuse(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("os.listdir", refuse)
    with pytest.raises(UserError, match=r"cannot be read \(Permission denied\)"):
        read(tmp_path)


# --- while training -------------------------------------------------------------------------------


@pytest.mark.parametrize("num_workers", [0, 2])
def test_the_next_picture_stands_in_for_one_that_breaks(tmp_path, num_workers):
    for number in range(12):
        noise(number, 64).save(tmp_path / f"{number:02d}.jpg")
    data = read(tmp_path, in_memory_mb=0, num_workers=num_workers, image_size=64)
    whole = data.source.pictures.reader
    cut = tmp_path / "07.jpg"
    cut.write_bytes(cut.read_bytes()[:400])
    with warnings.catch_warnings():  # a worker's stay in the worker
        warnings.simplefilter("ignore")
        ((images, _),) = data.source.batches([torch.tensor([7, 8])])
    assert whole.names[7] == "07.jpg"
    assert torch.equal(images[0], images[1])


def test_what_stands_in_is_said(tmp_path):
    for number in range(12):
        noise(number, 64).save(tmp_path / f"{number:02d}.jpg")
    data = read(tmp_path, in_memory_mb=0, image_size=64)
    cut = tmp_path / "07.jpg"
    cut.write_bytes(cut.read_bytes()[:400])
    with pytest.warns(UserWarning, match=r"07\.jpg cannot be decoded, and the next one"):
        list(data.source.batches([torch.tensor([7])]))


@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_disk_that_is_gone_ends_the_run_in_a_sentence(tmp_path, num_workers):
    write(tmp_path, 8)
    data = read(tmp_path, in_memory_mb=0, num_workers=num_workers)
    for path in tmp_path.iterdir():
        path.write_bytes(b"gone")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(RunFailed, match=r"^The picture .*\.png cannot be decoded") as problem:
            list(data.source.batches([torch.arange(4)]))
    assert "\n" not in str(problem.value)
