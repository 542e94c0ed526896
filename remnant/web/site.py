"""What all routes share: the settings, the cases, their scans, and the jobs."""

from dataclasses import dataclass

from remnant.web.jobs import Jobs
from remnant.web.library import Library
from remnant.web.open_cases import OpenCases
from remnant.web.scans import Scans
from remnant.web.sessions import Sessions
from remnant.web.settings import WebSettings


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """One server's state; nothing of it outlives the server."""

    settings: WebSettings
    library: Library
    cases: OpenCases
    scans: Scans
    jobs: Jobs
    sessions: Sessions

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
