"""The container file copies what there is, runs as nobody in particular, and looks after itself."""

import re

import pytest


@pytest.fixture(name="lines")
def lines_fixture(repository):
    text = (repository / "Dockerfile").read_text(encoding="utf-8")
    return [line for line in text.replace("\\\n", " ").splitlines() if line[:1].isupper()]


@pytest.fixture(name="copied")
def copied_fixture(lines):
    """What is copied from the checkout, apart from where it goes."""
    words = [line.split()[1:-1] for line in lines if re.match("COPY (?!--from)", line)]
    return {name for names in words for name in names}


def test_container__copies_everything_that_the_wheel_is_built_from(copied, packages, repository):
    assert {*packages, "pyproject.toml", "constraints.txt", "README.md", "LICENSE"} <= copied
    assert [] == [name for name in copied if not (repository / name).exists()]


def test_container__its_ignore_file_lets_just_that_through(copied, repository):
    ignored = (repository / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert "*" in ignored
    assert copied == {line[1:] for line in ignored if line.startswith("!")}


def test_container__runs_without_rights_and_checks_its_health(lines):
    last_stage = lines[max(n for n, line in enumerate(lines) if line.startswith("FROM")) :]
    user = next(line.split()[1] for line in last_stage if line.startswith("USER"))

    assert int(user) > 999
    assert any(line.startswith("HEALTHCHECK") and "doctor" in line for line in last_stage)
    assert 'ENTRYPOINT ["remnant"]' in last_stage
    assert not any(line.startswith("EXPOSE") for line in lines)


def test_container__installs_pinned_versions_and_keeps_no_secret(lines):
    installs = [line for line in lines if "pip install" in line]

    assert installs
    assert all("-c constraints.txt" in line for line in installs)
    assert all("type=secret" in line for line in installs)
    assert not [line for line in lines if line.startswith(("ENV", "ARG")) and "://" in line]
