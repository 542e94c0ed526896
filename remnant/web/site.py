"""What all routes share: the settings, the cases, their scans, and the jobs."""

from collections.abc import Callable
from dataclasses import dataclass, field

from remnant.web.jobs import Jobs
from remnant.web.library import Library
from remnant.web.open_cases import OpenCase, OpenCases
from remnant.web.requests import Json
from remnant.web.scans import Scans
from remnant.web.sessions import Sessions
from remnant.web.settings import WebSettings
from remnant.web.volumes import Layer

DRAFT = "draft_"
"""How the layers of an open draft begin."""


def no_draft(_: OpenCase) -> Json | None:
    """Tell that nobody corrects a case."""
    return None


def no_layer(_: OpenCase, __: str) -> Layer | None:
    """Tell that there is no layer of a draft."""
    return None


@dataclass(slots=True, eq=False)
class Hooks:
    """What corrections tell the other routes.

    Parameters
    ----------
    draft_of
        Who corrects a case, and since when; ``None`` where nobody does.
    draft_layer
        Voxels of a layer of the open draft, by its name, such as ``draft_lesions``.
    """

    draft_of: Callable[[OpenCase], Json | None] = no_draft
    draft_layer: Callable[[OpenCase, str], Layer | None] = no_layer


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """One server's state; nothing of it outlives the server."""

    settings: WebSettings
    library: Library
    cases: OpenCases
    scans: Scans
    jobs: Jobs
    sessions: Sessions
    hooks: Hooks = field(default_factory=Hooks)

    @classmethod
    def of(cls, settings: WebSettings) -> "Site":
        """Return the state of a server that starts."""
        library = Library(settings.root)
        return cls(
            settings,
            library,
            OpenCases(library, settings.most_cases_bytes),
            Scans(settings.image, settings.images),
            Jobs(),
            Sessions(settings.token),
        )
