"""Every byte of files as it was before it was packed, to look for what must not be there."""

import base64
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import Image

STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
EMBEDDED = re.compile(rb"base64,([A-Za-z0-9+/=]{40,})")


def spilled(content: bytes) -> Iterator[bytes]:
    """Give a content, and what is packed in it: gzip, zip, PNG text, PDF streams, data URLs."""
    yield content
    for match in EMBEDDED.findall(content):
        yield from spilled(base64.b64decode(match + b"=" * (-len(match) % 4)))
    if content.startswith(b"\x1f\x8b"):
        yield from spilled(gzip.decompress(content))
    elif content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield name.encode("utf-8")
                yield from spilled(archive.read(name))
    elif content.startswith(b"\x89PNG"):
        yield repr(Image.open(io.BytesIO(content)).info).encode("utf-8")
    elif content.startswith(b"%PDF"):
        yield from _of_pdf(content)
    elif content.startswith(b"PAR1"):
        yield from _of_parquet(content)


def _of_pdf(content: bytes) -> Iterator[bytes]:
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(content))
    yield repr(reader.metadata).encode("utf-8")
    yield "\n".join(page.extract_text() for page in reader.pages).encode("utf-8")
    for stream in STREAM.findall(content):
        try:
            yield zlib.decompress(stream)
        except zlib.error:
            yield stream


def _of_parquet(content: bytes) -> Iterator[bytes]:
    import pyarrow.parquet as pq

    table = pq.read_table(io.BytesIO(content))
    yield repr(table.schema.metadata).encode("utf-8")
    yield repr(table.to_pylist()).encode("utf-8")


def leaks(folder: Path, markers: Iterable[str], *, but: frozenset[str] = frozenset()) -> list[str]:
    """List which markers stand in which files below a folder, or in their names.

    ``but`` are names of folders that are left alone.
    """
    words = [marker.encode("utf-8").lower() for marker in markers]
    found = []
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if but & set(place.parts) or path.is_symlink():
            continue
        named = [place.as_posix().encode("utf-8").lower()]
        contents = [part.lower() for part in spilled(path.read_bytes())] if path.is_file() else []
        found += [
            f"{word.decode()} in {place}"
            for word in words
            if any(word in part for part in (*named, *contents))
        ]
    return found
