"""The version of the algorithm rises whenever a stored baseline changes."""

from hashlib import sha256

from segmentation.algorithm import ALGORITHM_VERSION

BASELINES = {
    1: "436e598aaa5b760d5cd4a4c21babef8b7003dabb03772c9c7e063b168a78c83b",
    2: "9889323793219f73c30ae5be4a5afb0a0aa52c831734be1adcca6fa0a67b7870",
    3: "b8724c98624cdb479b3a79b238068198285f6d6a6425ffbf4283acbb7cbb6bf9",
    4: "a7709aa5c498fb6b3f05344bd910de0d742a73e9c0cb3a11331dd1c7e4af3918",
}
"""Digest of all files of ``benchmarks/baselines`` by the version that they were made with."""


def digest(folder):
    files = sorted(path for path in folder.iterdir() if path.is_file())
    lines = [f"{path.name} {sha256(path.read_bytes()).hexdigest()}\n" for path in files]
    assert len(lines) >= 2
    return sha256("".join(lines).encode("ascii")).hexdigest()


def test_baselines__that_changed_have_a_version_of_their_own(repository):
    found = digest(repository / "benchmarks" / "baselines")
    assert found == BASELINES[ALGORITHM_VERSION], (
        "a baseline changed: raise ALGORITHM_VERSION, so that no segmentation of before is taken "
        f"up, and add {{{ALGORITHM_VERSION + 1}: {found!r}}} here with the reason in the changelog"
    )


def test_versions__rise_one_by_one_and_no_two_have_the_same_baselines():
    assert list(BASELINES) == list(range(1, ALGORITHM_VERSION + 1))
    assert len(set(BASELINES.values())) == len(BASELINES)
