"""What goes with a release: the list of foreign software, the citation, and one version."""

import runpy
import tomllib
from importlib.metadata import Distribution, distribution

import pytest
import yaml
from packaging.requirements import Requirement


@pytest.fixture(scope="module", name="soup")
def soup_fixture(repository):
    return runpy.run_path(str(repository / "release" / "soup.py"))


@pytest.fixture(scope="module", name="check")
def check_fixture(repository):
    return runpy.run_path(str(repository / "release" / "check.py"))


class Stated(Distribution):
    """A distribution that says what a test makes it say."""

    def __init__(self, **lines):
        self.lines = lines

    def read_text(self, filename):
        if filename != "METADATA":
            return None
        pairs = [(k.replace("_", "-"), v) for k, vs in self.lines.items() for v in vs]
        return "\n".join(["Name: x", "Version: 1", *(f"{k}: {v}" for k, v in pairs), ""])

    def locate_file(self, path):
        return path


def test_soup__every_direct_dependency_has_a_purpose(repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    purposes = tomllib.loads((repository / "release" / "soup.toml").read_text(encoding="utf-8"))

    assert {Requirement(d).name.lower() for d in project["dependencies"]} == set(purposes)
    assert all(
        set(row) == {"purpose", "noticed"} and all(row.values()) for row in purposes.values()
    )


def test_soup__lists_what_is_installed(soup, repository):
    purposes = tomllib.loads((repository / "release" / "soup.toml").read_text(encoding="utf-8"))
    if soup["needed_by"](distribution("remnant")) != set(purposes):
        pytest.skip("remnant was installed before its dependencies changed: run `make install`")
    text = soup["soup_list"]("remnant")
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]

    assert f"| numpy | {distribution('numpy').version} | {purposes['numpy']['purpose']} |" in text
    assert "| markdown-it-py |" in text
    assert {"rich"} <= {
        user for row in rows if row[0] == "| markdown-it-py" for user in row[2].split(", ")
    }
    assert {len(row) for row in rows} == {5, 6}


@pytest.mark.parametrize(
    ("lines", "licence"),
    [
        ({"License_Expression": ["MIT"], "License": ["other"]}, "MIT"),
        ({"Classifier": ["License :: OSI Approved :: MIT License"]}, "MIT License"),
        ({"License": ["LGPL-3.0-or-later"]}, "LGPL-3.0-or-later"),
        ({"License": ["x" * 200]}, "see its licence file"),
        ({}, "see its licence file"),
    ],
)
def test_soup__licence_is_what_the_package_says(soup, lines, licence):
    assert licence == soup["licence_of"](Stated(**lines))


@pytest.mark.parametrize(
    ("lines", "link"),
    [
        ({"Project_URL": ["Home, https://a.org", "Tracker, https://b.org"]}, "https://b.org"),
        (
            {"Project_URL": ["Source, https://github.com/a/b.git"]},
            "https://github.com/a/b/issues",
        ),
        ({"Home_page": ["https://a.org"]}, "https://a.org"),
        ({}, "–"),
    ],
)
def test_soup__anomalies_are_where_the_package_lists_them(soup, lines, link):
    assert link == soup["anomalies_of"](Stated(**lines))


def test_citation__names_the_version_and_the_networks_paper(repository, check):
    cited = yaml.safe_load((repository / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert (project["version"], project["license"]) == (cited["version"], cited["license"])
    assert "10.1007/s00259-020-04800-3" in {one["doi"] for one in cited["references"]}
    check["require_one_version"]()


def test_source_archive__holds_what_the_tests_and_the_release_need(repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    taken = project["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]

    assert {"release", "docs", "tests", "Dockerfile", "CITATION.cff", "mkdocs.yml"} <= set(taken)
    assert [] == [name for name in taken if not (repository / name).exists()]
