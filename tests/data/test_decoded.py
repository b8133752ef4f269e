"""Pictures of a folder are decoded once, and again when they must be."""

import multiprocessing
import os
import signal

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.data import ImageFolder
from ganzoo.data.picture_files import PictureFiles
from ganzoo.error import UserError

N = 9


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The cache folder, which is not there yet."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def root(tmp_path):
    """Two classes of random pictures of two shapes."""
    for number in range(N):
        shape = (12, 20, 3) if number % 2 else (17, 9, 3)
        pixels = np.random.default_rng(number).integers(256, size=shape, dtype=np.uint8)
        folder = tmp_path / "root" / ("cat" if number < 4 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return tmp_path / "root"


@pytest.fixture
def reads(monkeypatch):
    """The rows that have been decoded, in every process that was forked since."""
    counted, own = multiprocessing.Array("i", N), PictureFiles.read

    def read(self, row):
        counted[row] += 1
        return own(self, row)

    monkeypatch.setattr(PictureFiles, "read", read)
    return lambda: list(counted)


def folder(root, **options):
    small = {"batch_size": 2, "val_size": 2, "image_size": 8, "num_workers": 0}
    return ImageFolder(str(root), **small | options)


def pixels(root, **options):
    return folder(root, **options).source.values.clone()


def kept(cache):
    return sorted(path for path in cache.iterdir() if path.suffix != ".lock")


def forked(work, count=1):
    """Exit codes of processes that work at the same time."""
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=work, args=(number,)) for number in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return [worker.exitcode for worker in workers]


@pytest.mark.parametrize("image_size", [8, None])
def test_it_shows_what_decoding_shows(root, cache, image_size):
    options = {"image_size": image_size, "order_seed": 5}
    decoding = folder(root, cache_mb=0, **options)
    for _ in range(2):
        data = folder(root, **options)
        assert data.image_shape == decoding.image_shape
        assert data.class_names == ["cat", "dog"]
        assert torch.equal(data.source.values, decoding.source.values)
        assert torch.equal(data.source.labels, decoding.source.labels)
        assert data.fingerprint == decoding.fingerprint
        pairs = zip(data.val_dataloader(), decoding.val_dataloader(), strict=True)
        assert all(torch.equal(ours[0], theirs[0]) for ours, theirs in pairs)


def test_every_picture_is_decoded_once(root, cache, reads):
    first = pixels(root)
    assert reads() == [1] * N
    assert torch.equal(pixels(root, batch_size=3, split_seed=1), first)
    assert reads() == [1] * N
    pixels(root, image_size=6)
    assert reads() == [2] * N
    assert len(kept(cache)) == 2


def test_the_file_is_mapped_and_cannot_be_what_training_changes(root, cache):
    images, _ = next(iter(folder(root).train_dataloader()))
    before = [path.read_bytes() for path in kept(cache)]
    images.zero_()
    assert [path.read_bytes() for path in kept(cache)] == before


@pytest.mark.parametrize("change", ["another picture", "same size", "one more", "one less"])
def test_a_change_of_the_folder_is_seen(root, cache, change):
    before, path = pixels(root), root / "cat" / "1.png"
    if change == "another picture":
        Image.new("RGB", (9, 9), "red").save(path)
    elif change == "same size":
        os.utime(path, (1, 1))
    elif change == "one more":
        Image.new("RGB", (9, 9), "red").save(root / "cat" / "10.png")
    else:
        path.unlink()
    after = pixels(root)
    assert torch.equal(after, pixels(root, cache_mb=0))
    assert torch.equal(after, before) == (change == "same size")
    assert len(kept(cache)) == 1  # of these pictures as they are now


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"no pictures",
        lambda content: content[:-1],
        lambda content: content[192:],
        lambda content: bytes([content[0] ^ 1]) + content[1:],
        lambda content: content[:-100] + bytes([content[-100] ^ 1]) + content[-99:],
    ],
    ids=["empty", "nonsense", "truncated", "headless", "pixel", "note"],
)
def test_a_damaged_file_is_written_again(root, cache, reads, damage):
    before = pixels(root)
    (file,) = kept(cache)
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert torch.equal(pixels(root), before)
    assert reads() == [2] * N
    assert kept(cache) == [file]
    assert file.read_bytes() == whole


def test_a_file_of_another_folder_is_not_taken(root, cache):
    expected = pixels(root / "cat")
    (mine,) = kept(cache)
    pixels(root / "dog")
    (other,) = set(kept(cache)) - {mine}
    other.replace(mine)
    assert torch.equal(pixels(root / "cat"), expected)


def test_two_processes_at_once_decode_once(root, cache, reads):
    expected = pixels(root, cache_mb=0)
    assert forked(lambda _: os._exit(not torch.equal(pixels(root), expected)), 3) == [0] * 3
    assert reads() == [2] * N
    assert len(kept(cache)) == 1


def test_a_kill_while_it_is_written_costs_nothing(root, cache, reads, monkeypatch):
    expected = pixels(root, cache_mb=0)

    def killed(_):
        monkeypatch.setattr("ganzoo.data.decoded.PICTURES_PER_WRITE", 3)
        own, decoded = PictureFiles.read, []

        def read(self, row):
            decoded.append(row)
            if len(decoded) > 5:
                os.kill(os.getpid(), signal.SIGKILL)
            return own(self, row)

        monkeypatch.setattr(PictureFiles, "read", read)
        pixels(root)

    assert forked(killed) == [-signal.SIGKILL]
    assert [path.suffix for path in kept(cache)] == [".part"]
    assert torch.equal(pixels(root), expected)
    assert [path.suffix for path in kept(cache)] == [".bytes"]


@pytest.mark.parametrize("in_memory_mb", [0, 10])
def test_where_nothing_can_be_written_it_goes_on_without(root, cache, in_memory_mb):
    cache.touch()  # where a folder should be
    data = folder(root, in_memory_mb=in_memory_mb)
    with pytest.warns(UserWarning, match=r"cannot be kept in .*cache \(.*set GANZOO_CACHE"):
        data.setup()
    expected = folder(root, cache_mb=0)
    pairs = zip(data.val_dataloader(), expected.val_dataloader(), strict=True)
    assert all(torch.equal(ours[0], theirs[0]) for ours, theirs in pairs)


def test_a_read_only_cache_is_read(root, cache, reads, monkeypatch):
    expected = pixels(root)
    monkeypatch.setattr("ganzoo.data.decoded.FileLock", None)  # a writer would call it
    assert torch.equal(pixels(root), expected)
    assert reads() == [1] * N


@pytest.mark.parametrize(("size", "found"), [(591, 1), (592, 0)])  # 1 MB holds 1 picture of 591 px
def test_no_file_above_the_limit(root, cache, size, found):
    for path in sorted(root.rglob("*.png"))[1:]:
        path.unlink()
    pixels(root, image_size=size, cache_mb=1)
    assert cache.exists() == bool(found)


@pytest.mark.filterwarnings("ignore:Skipped")
def test_broken_pictures_are_named_at_every_start(root, cache, recwarn):
    (root / "cat" / "1.png").write_bytes(b"no picture")
    (root / "dog" / "link.png").symlink_to("nowhere")
    for _ in range(2):
        data = folder(root)
        with pytest.warns(UserWarning, match=r"Skipped 2 pictures .*: cat/1\.png, dog/link\.png\."):
            data.setup()
        assert data.source.labels.tolist() == [0] * 3 + [1] * 5
        assert len(data.source.values) == 8


def test_a_folder_of_broken_pictures_leaves_no_file(tmp_path, cache):
    (tmp_path / "1.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"None of the 1 pictures in .* can be decoded \(1\.png\)"):
        pixels(tmp_path)
    assert kept(cache) == []
