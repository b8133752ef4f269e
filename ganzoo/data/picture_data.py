"""Data sets of pictures that are decoded from files."""

from collections.abc import Sequence
from dataclasses import dataclass

from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor

from ganzoo.data.base import FileData
from ganzoo.data.decoded import DecodedFile
from ganzoo.data.picture_files import readable_classes, report_broken
from ganzoo.data.source import InMemory, Source
from ganzoo.data.stream import PictureDataset, Reader, Streamed
from ganzoo.files import default_cache_dir


@dataclass(kw_only=True, eq=False)
class PictureData(FileData):
    """Pictures of any size, cropped to the centre square and resized, in colour.

    Args:
        cache_mb: Pictures are decoded once, into a memory-mapped file in the cache folder, if all
            of them, resized, need no more than this; else they are streamed. 0 writes no file.
        num_workers: Processes that read streamed pictures.
    """

    image_size: int | None = 64
    cache_mb: int = 8192
    num_workers: int = 2

    def read_pictures(
        self, reader: Reader, labels: Tensor, class_names: Sequence[str], size: int
    ) -> Source:
        """Pictures from the cache, or streamed where they do not fit into it.

        Args:
            reader: Finds and decodes pictures.
            labels: See ``Source``.
            class_names: See ``Source``.
            size: Side of the square that pictures are cropped and resized to.

        Raises:
            UserError: If no picture can be decoded.
        """
        decoded = self.read_decoded(reader, labels, class_names, size)
        return decoded or Streamed(reader, labels, class_names, size, self.num_workers)

    def read_decoded(
        self, reader: Reader, labels: Tensor, class_names: Sequence[str], size: int
    ) -> InMemory | None:
        """Pictures from the cache, which is written first if need be.

        Arguments: see ``read_pictures``.

        Returns:
            None if the file would be too large or cannot be written.

        Raises:
            UserError: If no picture can be decoded.
        """
        if len(labels) * 3 * size**2 > self.cache_mb * 2**20:
            return None
        file = DecodedFile(default_cache_dir(), PictureDataset(reader, labels, size))
        try:
            decoded = file.read() or file.write()
        except OSError as problem:
            rank_zero_warn(
                f"Decoded pictures cannot be kept in {file.path.parent} ({problem.strerror}), so "
                "every run decodes them; set GANZOO_CACHE to a folder that can be written."
            )
            return None
        if decoded is None:
            return None
        report_broken(reader, decoded.rows, len(labels))
        return InMemory(decoded.pixels, *readable_classes(labels, class_names, decoded.rows))
