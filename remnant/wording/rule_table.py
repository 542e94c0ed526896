"""Write ``docs/reference/rules.md``: ``python -m remnant.wording.rule_table`` makes it anew.

A test compares the page with the data.
"""

import sys
from pathlib import Path

from planning.literature import load_literature
from remnant.core.findings import Basis, SourceStatus
from remnant.wording.rule_rows import RuleRow, rule_rows

PAGE = Path("docs/reference/rules.md")
BASIS_WORDS = {
    Basis.STANDARDISED_TLV: "standardised liver volume",
    Basis.MEASURED_FUNCTIONAL_TLV: "measured functional liver volume",
    Basis.BODY_WEIGHT: "body weight",
    Basis.BODY_SURFACE_AREA: "body surface area",
    Basis.TUMOUR_VOLUME: "tumour volume",
    Basis.TOTAL_LIVER_VOLUME: "total liver volume",
    Basis.UNSPECIFIED: "liver volume, not said which: both are judged",
}
STATUS_WORDS = {
    SourceStatus.VERIFIED: "verified",
    SourceStatus.UNVERIFIED: "unverified",
    SourceStatus.PROJECT: "this project's",
}
TITLES = {
    "planning.rules.remnant": "Future liver remnant and debulking",
    "planning.rules.ablation": "Ablation",
    "planning.rules.contraindications": "Contraindications to an operation on the liver",
    "planning.rules.debulking": "Debulking: for whom",
    "planning.rules.flr": "Further minima of the remnant",
    "planning.rules.growth": "Growth of the remnant",
    "planning.rules.liver_function": "Function of the liver",
    "planning.rules.liver_size": "Size of the liver",
    "planning.rules.pathways": "Pathways",
    "planning.rules.pathways_conditions": "Pathways: conditions",
    "planning.rules.pathways_options": "Pathways: treatments",
    "planning.rules.trial_groups": "Pathways: groups of a trial",
    "planning.rules.resectability": "Resectability",
    "planning.rules.staging_checklist": "Examinations before surgery",
    "planning.rules.staging": "Staged, combined and repeat operations",
    "planning.rules.transplant": "Transplantation",
    "planning.distribution.frilling": "Frilling type: numbers of this project",
    "planning.distribution.netlm": "NETLM class: numbers",
}
HEAD = """# Every rule, with its source

Made from the data by `python -m remnant.wording.rule_table`; do not edit.

**Verified** was read in the source named. **Unverified** was only recalled, and says so wherever
it shows. **This project's** is a reading or a number of this project. A rule that is held against
nothing is a statement beside the others. Nothing here is advice. A missing input makes a rule
undecided, never met. Figures that are garbled in print are left out.
"""
COLUMNS = "| rule | what it says | held | divided by | population | source | status |"


def page() -> str:
    """Return the page of all rules and of the literature they rest on, as Markdown."""
    sections = "\n".join(_section(name, rows) for name, rows in rule_rows().items())
    return f"{HEAD}\n{sections}\n{_sources()}"


def main(path: Path = PAGE) -> None:
    """Write the page.

    Parameters
    ----------
    path
        Where to; its folder must exist.
    """
    path.write_text(page(), encoding="utf-8")


def _section(name: str, rows: tuple[RuleRow, ...]) -> str:
    lines = (f"## {TITLES.get(name, name)}", "", COLUMNS, "|" + "---|" * 7, *map(_line, rows), "")
    return "\n".join(lines)


def _line(row: RuleRow) -> str:
    basis = "–" if row.basis is None else BASIS_WORDS[row.basis]
    cells = (
        f"`{row.id}`",
        row.statement,
        row.held or "–",
        basis,
        row.population,
        row.source,
        STATUS_WORDS[row.status],
    )
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _sources() -> str:
    cited = {row.source for rows in rule_rows().values() for row in rows}
    entries = [reference for key, reference in load_literature().items() if key in cited]
    lines = (
        f"- `{entry.key}`: {entry.citation}. {entry.note or ''}".rstrip()
        + (f" doi {entry.doi}" if entry.doi else "")
        for entry in entries
    )
    untitled = ", ".join(f"`{entry.key}`" for entry in entries if not entry.titled)
    return "\n".join(("## Sources", "", *lines, "", f"Title not recorded: {untitled}.", ""))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
