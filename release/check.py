"""Build what would be published and examine it: ``python release/check.py FOLDER``.

Into ``FOLDER/dist`` go wheel and source archive, the bill of materials (``sbom.cdx.json``), the
SOUP list and the digests of all. On the way the archives are examined, the citation file is held
against its schema, and the wheel is installed from the pinned versions into a fresh environment,
where it must measure, plan and report a synthetic patient away from this checkout. Nothing is
uploaded. The index is the one that pip is set to use.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[1]
CITATION_CHECKER: Final = "cffconvert==2.0.0"
"""In an environment of its own: it needs an old jsonschema."""
BODY: Final = ("--height-cm", "175", "--weight-kg", "80", "--sex", "male", "--age", "60")


def main(folder: str) -> None:
    """Run every step in order; the first that fails ends it."""
    work = Path(folder).resolve()
    shutil.rmtree(work, ignore_errors=True)
    (work / "dist").mkdir(parents=True)
    require_one_version()
    tools = environment(work / "tools", *release_tools())
    run(tools, "-m", "build", "--outdir", work / "dist", REPOSITORY)
    run(tools, "-m", "twine", "check", "--strict", *sorted((work / "dist").iterdir()))
    citation = environment(work / "citation", CITATION_CHECKER)
    run(citation, "-m", "cffconvert.cli.cli", "--validate", "-i", REPOSITORY / "CITATION.cff")
    clean = installed(work / "dist", work / "clean")
    use(clean, work / "use")
    bill = work / "dist" / "sbom.cdx.json"
    about = ("--pyproject", REPOSITORY / "pyproject.toml", "--of", "JSON", "-o", bill)
    run(tools, "-m", "cyclonedx_py", "environment", *about, clean)
    run(clean, REPOSITORY / "release" / "soup.py", work / "dist" / "SOUP.md")
    write_digests(work / "dist")
    say(f"ready to publish: {work / 'dist'}")


def require_one_version() -> None:
    """Raise unless project, citation and changelog speak of one version."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    stated = f"version: {project['version']}\n"
    if stated not in (REPOSITORY / "CITATION.cff").read_text("utf-8"):
        raise SystemExit(f"CITATION.cff does not say {stated.strip()}, as pyproject.toml does")
    heading = rf"^## ({re.escape(project['version'])}|Unreleased)\b"
    if not re.search(heading, (REPOSITORY / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE):
        raise SystemExit(f"CHANGELOG.md has no section on {project['version']}")


def release_tools() -> list[str]:
    """Return what the extra ``release`` names."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    tools: list[str] = project["optional-dependencies"]["release"]
    return tools


def environment(folder: Path, *wanted: str | Path) -> Path:
    """Make an environment with packages and return its Python."""
    say(f"installing {', '.join(Path(w).name for w in wanted)}")
    venv.create(folder, with_pip=True)
    scripts = "Scripts" if sys.platform == "win32" else "bin"
    python = folder / scripts / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted)
    return python


def installed(dist: Path, folder: Path) -> Path:
    """Install the wheel with the pinned versions into a fresh environment; return its Python.

    The second time it comes from a folder by its name, so that no path of this machine is noted in
    the environment, and with it in the bill of materials.
    """
    wheel = next(dist.glob("*.whl"))
    python = environment(folder, "-c", REPOSITORY / "constraints.txt", wheel)
    again = ("--no-index", "--no-deps", "--force-reinstall", "--find-links", dist, "remnant")
    run(python, "-m", "pip", "install", "--quiet", *again)
    return python


def use(python: Path, folder: Path) -> None:
    """Use the installed wheel as a user would, in a folder without a checkout."""
    folder.mkdir()
    shutil.copy(REPOSITORY / "docs" / "tutorials" / "phantom.py", folder)
    remnant = ("-I", "-m", "remnant")
    run(python, *remnant, "--version", cwd=folder)
    run(python, *remnant, "models", "pull", cwd=folder)
    run(python, *remnant, "doctor", cwd=folder)
    run(python, "phantom.py", "patient", cwd=folder)
    maps = [f"--{role}=patient/{name}.nii.gz" for role, name in
            (("liver", "liver"), ("lesions", "lesions"), ("couinaud", "segments"))]  # fmt: skip
    run(python, *remnant, "measure", "-o", "case", *maps, *BODY, cwd=folder)
    run(python, *remnant, "plan", "case", cwd=folder, quiet=True)
    run(python, *remnant, "report", "case", cwd=folder)


def write_digests(folder: Path) -> None:
    """Write the sha256 of every file, as ``sha256sum -c`` reads it."""
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
             for path in sorted(folder.iterdir())]  # fmt: skip
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def run(python: Path, *words: str | Path, cwd: Path | None = None, quiet: bool = False) -> None:
    """Run Python with arguments; a failure ends everything."""
    command = [str(python), *map(str, words)]
    shown = subprocess.DEVNULL if quiet else None
    if subprocess.run(command, cwd=cwd, stdout=shown, check=False).returncode != 0:
        raise SystemExit(f"this failed: {' '.join(command)}")


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
