"""The examples in docstrings give what they show; every module of formulas has one."""

import doctest
from importlib import import_module

import pytest

PURE = ("volumetry", "planning", "remnant.core")
FORMULAS = {
    "planning.staging.growth_curve",
    "planning.staging.two_stages",
    "remnant.core.quantity",
    "remnant.core.units",
    "volumetry.standardised.body_surface",
    "volumetry.burden",
    "volumetry.growth.remnant_growth",
    "volumetry.uncertainty.joint_draws",
    "volumetry.standardised.expected_volume",
    "volumetry.standardised.volume_formulas",
}


@pytest.fixture(scope="session", name="modules")
def modules_fixture(trees):
    """Names of the modules that measure and plan."""
    names = {".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in trees}
    return {name for name in names if name.startswith(PURE)}


def test_doctests__give_what_they_show(modules):
    results = {name: doctest.testmod(import_module(name)) for name in sorted(modules)}

    assert {} == {name: result for name, result in results.items() if result.failed}
    assert set() == FORMULAS - {name for name, result in results.items() if result.attempted}
