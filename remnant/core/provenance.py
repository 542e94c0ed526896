"""Where a result came from, so that it can be made again."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    """A network that took part: its id and the sha256 of its weights."""

    id: str
    version: str
    weights_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Software, models, settings and inputs behind a report.

    Parameters
    ----------
    software
        Versions by package name, remnant's own among them.
    models
        Networks that were run; empty when the masks were given.
    configuration_sha256
        Digest of the settings that decide the result.
    inputs_sha256
        Digest of each input by its role (``image``, ``liver``, …), never by its file name.
    device
        ``cpu``, ``cuda`` or ``mps``; ``None`` when no network ran.
    seed
        Seed of anything random; ``None`` when nothing was.
    created_utc
        ISO 8601 time of the computation.
    """

    software: Mapping[str, str]
    models: tuple[ModelUse, ...]
    configuration_sha256: str
    inputs_sha256: Mapping[str, str]
    device: str | None
    seed: int | None
    created_utc: str
    seconds: Mapping[str, float] = field(default_factory=dict)
