"""What a command hands back: its document, and what speaks against using its result."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from remnant.pipeline.gates import Checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a command.

    Parameters
    ----------
    document
        Makes the JSON text that ``--json`` prints.
    unusable
        Why nothing usable came of it, in words; empty where something did.
    """

    document: Callable[[], str]
    unusable: str = ""


def case_outcome(folder: Path, *checked: "Checked") -> Outcome:
    """Return the outcome of a command that measured a case, held to the gates."""
    from remnant.pipeline.case_files import REPORT_JSON

    return stored_outcome(folder / REPORT_JSON, *checked)


def maps_outcome(folder: Path, *checked: "Checked") -> Outcome:
    """Return the outcome of a command that made the maps of a case, held to the gates."""
    from remnant.pipeline.case_files import STATE

    return stored_outcome(folder / STATE, *checked)


def stored_outcome(file: Path, *checked: "Checked") -> Outcome:
    """Return the outcome of a command whose document is a file that it wrote.

    What was ``checked`` is held to the gates.
    """
    return Outcome(document=lambda: file.read_text("utf-8"), unusable=_unusable(checked))


def cases_outcome(cases: "Mapping[Path, Checked]") -> Outcome:
    """Return the outcome of a command that made several cases: one object with all by name."""

    def document() -> str:
        each = {folder.name: case_outcome(folder).document() for folder in cases}
        return "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in each.items()) + "}\n"

    return Outcome(document=document, unusable=_unusable(cases.values()))


def _unusable(checked: "Iterable[Checked]") -> str:
    from remnant.pipeline.gates import failed_gates
    from remnant.wording.findings import text_of

    failed = dict.fromkeys(text_of(gate) for one in checked for gate in failed_gates(one))
    return f"not to be used as it is: {' '.join(failed)}" if failed else ""


def told_outcome(document: object, *, unusable: str = "") -> Outcome:
    """Return the outcome of a command whose document is stored nowhere."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    return Outcome(document=lambda: text, unusable=unusable)
