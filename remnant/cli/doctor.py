"""``remnant doctor``: the state of the installation."""

from cyclopts import App
from rich.console import Console
from rich.table import Table

from remnant.cli.examples import epilogue

app = App(
    name="doctor",
    help="Say what is installed, which device and models there are, and what is missing.",
    help_epilogue=epilogue("remnant doctor"),
)


@app.default
def doctor() -> None:
    """Say what is installed, which device and models there are, and what is missing."""
    from remnant.cli.guard import colliding_distributions
    from remnant.pipeline.doctor import examine
    from volumetry.standardised.expected_volume import BSA_FORMULAS, FORMULAS, formula_label

    console = Console()
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    checks = examine()
    for check in checks:
        advice = f"[yellow]{check.advice}[/yellow]" if check.advice else ""
        table.add_row("ok" if check.well else "[yellow]![/yellow]", check.name, check.found, advice)
    for name, others in colliding_distributions().items():
        table.add_row("[red]![/red]", name, f"also installed by {', '.join(others)}",
                      "use a fresh environment")  # fmt: skip
    console.print(table)
    labels = ", ".join(map(formula_label, FORMULAS))
    console.print(f"\nformulas of the standardised liver volume: {labels}")
    console.print(f"formulas of the body surface area: {', '.join(BSA_FORMULAS)}")
