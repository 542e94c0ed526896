"""``remnant doctor``: the state of the installation."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from cyclopts import App

from remnant.cli.help_page import page
from remnant.cli.outcome import Outcome, told_outcome

if TYPE_CHECKING:
    from remnant.pipeline.doctor import Check

app = App(
    name="doctor",
    help="Say what is installed, which device and models there are, and what is missing.",
    help_formatter=page("remnant doctor", "remnant doctor --json"),
)


@app.default
def doctor() -> Outcome:
    """Say what is installed, which device and models there are, and what is missing.

    Ends with exit code 3 where something is missing or cannot be used.
    """
    from rich.table import Table

    from remnant.pipeline.doctor import examine
    from remnant.terminal.consoles import plain_console
    from volumetry.standardised.expected_volume import BSA_FORMULAS, FORMULAS, formula_label

    console = plain_console()
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    checks = (*examine(), *collisions())
    for check in checks:
        advice = f"[yellow]{check.advice}[/yellow]" if check.advice else ""
        table.add_row(
            "[yellow]![/yellow]" if check.advice else "ok", check.name, check.found, advice
        )
    console.print(table)
    labels = [formula_label(formula) for formula in FORMULAS]
    console.print(f"\nformulas of the standardised liver volume: {', '.join(labels)}")
    console.print(f"formulas of the body surface area: {', '.join(BSA_FORMULAS)}")
    missing = "; ".join(f"{one.name} {one.found}, {one.advice}" for one in checks if one.fails)
    document = {
        "checks": [asdict(check) for check in checks],
        "formulas": labels,
        "bsa_formulas": list(BSA_FORMULAS),
    }
    return told_outcome(document, unusable=missing)


def collisions() -> "tuple[Check, ...]":
    """Return a check for each internal package that another distribution installs too."""
    from remnant.cli.guard import colliding_distributions
    from remnant.pipeline.doctor import Check

    return tuple(
        Check(
            name=name,
            found=f"also installed by {', '.join(others)}",
            advice="use a fresh environment",
            fails=True,
        )
        for name, others in colliding_distributions().items()
    )
