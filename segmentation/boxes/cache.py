"""Embeddings of slices, kept in memory and, for a case, on disk; both bounded.

On disk an embedding is a plain array (``.npy``, float16) under a digest of what it was computed
from. It shows as much of the patient as the slice: it lies in the case's own folder and goes when
the case is confirmed (`forget_embeddings`).
"""

import shutil
import tempfile
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

FOLDER: Final = "embeddings"
SUFFIX: Final = ".npy"
MEMORY_BYTES: Final = 512 << 20
SCRATCH_BYTES: Final = 1 << 30
Embedding = NDArray[np.float16]


@dataclass(slots=True, eq=False)
class EmbeddingCache:
    """Embeddings by their digest; the ones used longest ago go first.

    Parameters
    ----------
    shape
        Of every embedding; a file that holds another is not used.
    scratch
        Folder of the case; ``None`` keeps embeddings in memory alone.
    memory_bytes, scratch_bytes
        How much is kept at most.
    """

    shape: tuple[int, ...]
    scratch: Path | None = None
    memory_bytes: int = MEMORY_BYTES
    scratch_bytes: int = SCRATCH_BYTES
    _held: OrderedDict[str, Embedding] = field(default_factory=OrderedDict)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and (key in self._held or self._read(key) is not None)

    def get(self, key: str) -> Embedding | None:
        """Return an embedding, ``None`` where it is not kept (any more)."""
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key]
        embedding = self._read(key)
        if embedding is not None:
            self._hold(key, embedding)
        return embedding

    def put(self, key: str, embedding: Embedding) -> None:
        """Keep an embedding."""
        self._hold(key, embedding)
        if self.scratch is not None:
            self._write(self.scratch / FOLDER, key, embedding)

    def _hold(self, key: str, embedding: Embedding) -> None:
        self._held[key] = embedding
        while len(self._held) > 1 and self._size() > self.memory_bytes:
            self._held.popitem(last=False)

    def _size(self) -> int:
        return sum(embedding.nbytes for embedding in self._held.values())

    def _read(self, key: str) -> Embedding | None:
        """Return what a file holds; one that is damaged or not there counts as not kept."""
        if self.scratch is None:
            return None
        try:
            embedding = np.load(self.scratch / FOLDER / f"{key}{SUFFIX}", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        fits = isinstance(embedding, np.ndarray) and embedding.shape == self.shape
        return embedding if fits and embedding.dtype == np.float16 else None

    def _write(self, folder: Path, key: str, embedding: Embedding) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        _make_room(folder, self.scratch_bytes - embedding.nbytes)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as file:
            np.save(file, embedding, allow_pickle=False)
        Path(file.name).replace(folder / f"{key}{SUFFIX}")


def forget_embeddings(scratch: Path) -> None:
    """Delete the embeddings of a case; nothing happens where there are none."""
    shutil.rmtree(scratch / FOLDER, ignore_errors=True)


def _make_room(folder: Path, allowed_bytes: int) -> None:
    """Delete the oldest files until no more than ``allowed_bytes`` are left."""
    files = sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime)
    excess = sum(path.stat().st_size for path in files) - allowed_bytes
    for path in files:
        if excess <= 0:
            return
        excess -= path.stat().st_size
        path.unlink(missing_ok=True)
