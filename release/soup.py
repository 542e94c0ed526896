"""Write the list of software of unknown provenance (SOUP) of an installed remnant, as Markdown.

``python soup.py SOUP.md`` in the environment that is to be listed. Versions, licences and links are
what the installed packages say of themselves; purposes are in ``soup.toml``. A direct dependency
without a purpose, or a purpose without one, is an error.
"""

import re
import sys
import tomllib
from importlib.metadata import Distribution, distribution, version
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PURPOSES: Final = Path(__file__).with_name("soup.toml")
ANOMALIES: Final = re.compile(r"issue|tracker|bug", re.IGNORECASE)
SOURCES: Final = re.compile(r"source|repository|code|development|homepage", re.IGNORECASE)
HOSTED: Final = re.compile(r"https://(?:github|gitlab)\.com/[^/]+/[^/#]+")
LICENCE_CLASS: Final = re.compile(r"License :: (?:OSI Approved :: )?(.*)")
LONGEST_LICENCE: Final = 90


def main(output: str) -> None:
    """Write the list of the environment that this runs in."""
    Path(output).write_text(soup_list("remnant"), encoding="utf-8")


def soup_list(name: str) -> str:
    """Return the list for an installed distribution."""
    purposes = tomllib.loads(PURPOSES.read_text(encoding="utf-8"))
    direct = needed_by(distribution(name))
    if direct != set(purposes):
        raise LookupError(f"dependencies and purposes differ: {sorted(direct ^ set(purposes))}")
    head = (
        f"# Software of unknown provenance in {name} {version(name)}",
        "",
        "Made at release from what was installed. *Noticed by*: what of the tests, or of the",
        "program itself, would tell that the package gives wrong results. Licences and links are",
        "what each package says of itself. Research use only.",
        "",
        "| package | version | purpose | noticed by | licence | known anomalies |",
        "|---|---|---|---|---|---|",
    )
    further = (
        "",
        "## What those need in turn",
        "",
        "| package | version | needed by | licence | known anomalies |",
        "|---|---|---|---|---|",
    )
    rows = (_direct_row(one, purposes[one]) for one in sorted(direct))
    others = (_other_row(one, by) for one, by in sorted(_in_turn(direct).items()))
    return "\n".join((*head, *rows, *further, *others, ""))


def needed_by(found: Distribution) -> set[str]:
    """Return what a distribution needs in this environment, extras apart."""
    needed = map(Requirement, found.requires or ())
    fits = (r for r in needed if r.marker is None or r.marker.evaluate({"extra": ""}))
    return {canonicalize_name(r.name) for r in fits}


def licence_of(found: Distribution) -> str:
    """Return the licence that a distribution states, in one line."""
    classes = [LICENCE_CLASS.fullmatch(line) for line in _stated(found, "Classifier")]
    named = ", ".join(match[1] for match in classes if match)
    text = " ".join(" ".join(_stated(found, "License")).split())
    short = text if len(text) <= LONGEST_LICENCE else ""
    expression = " ".join(_stated(found, "License-Expression"))
    return expression or named or short or "see its licence file"


def anomalies_of(found: Distribution) -> str:
    """Return where a distribution lists its known faults: its tracker, else its home."""
    stated = [line.partition(", ") for line in _stated(found, "Project-URL")]
    homes = [("Homepage", url) for url in _stated(found, "Home-page")]
    links = dict([*((label, url) for label, _, url in stated), *homes])
    tracker = next((url for label, url in links.items() if ANOMALIES.search(label)), None)
    if tracker:
        return tracker
    hosts = (HOSTED.match(url) for label, url in links.items() if SOURCES.search(label))
    host = next(filter(None, hosts), None)
    return f"{host[0].removesuffix('.git')}/issues" if host else next(iter(links.values()), "–")


def _stated(found: Distribution, name: str) -> list[str]:
    """Return every line of one name in what a distribution says of itself."""
    lines: list[str] = found.metadata.get_all(name) or []
    return lines


def _in_turn(direct: set[str]) -> dict[str, set[str]]:
    """Return what the direct dependencies need, all the way down, and who needs it."""
    users: dict[str, set[str]] = {}
    waiting, seen = sorted(direct), set(direct)
    while waiting:
        user = waiting.pop()
        for name in needed_by(distribution(user)):
            users.setdefault(name, set()).add(user)
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return {name: by for name, by in users.items() if name not in direct}


def _direct_row(name: str, stated: dict[str, Any]) -> str:
    found = distribution(name)
    cells = (name, found.version, stated["purpose"], stated["noticed"])
    return _row(*cells, licence_of(found), anomalies_of(found))


def _other_row(name: str, users: set[str]) -> str:
    found = distribution(name)
    return _row(
        name, found.version, ", ".join(sorted(users)), licence_of(found), anomalies_of(found)
    )


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


if __name__ == "__main__":
    main(*sys.argv[1:])
