"""``python -m site_builder FOLDER``: build the site into ``FOLDER/site`` and check it."""

import subprocess
import sys
from pathlib import Path

from site_builder.assemble import assemble
from site_builder.check import Site

REPOSITORY = Path(__file__).resolve().parents[2]


def build(folder: Path) -> Path:
    """Build the site below a folder and return where it lies; any warning ends it."""
    settings = assemble(REPOSITORY, folder)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    subprocess.run([*command, "-f", settings.name], cwd=folder, check=True)
    return folder / "site"


def main(folder: str) -> int:
    """Build, check, and say what is wrong."""
    site = Site(build(Path(folder)).resolve())
    faults = list(site.faults())
    sys.stdout.write("\n".join((*faults, f"{len(site.pages)} pages, {len(faults)} faults\n")))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
