"""How many workers a machine takes, and what is said where there is no cluster."""

import socket

import pytest

from remnant.cohort.clusters import GIGABYTE, ClusterChoice, opened, size_of
from remnant.core.errors import ClusterLostError, InputError


@pytest.mark.parametrize(
    ("choice", "segmenting", "workers", "gigabytes"),
    [
        (ClusterChoice(), True, 6, 3.0),
        (ClusterChoice(), False, 8, 2.25),
        (ClusterChoice(workers=2), True, 2, 9.0),
        (ClusterChoice(memory_bytes=6 * GIGABYTE), True, 3, 6.0),
        (ClusterChoice(gpu=True), True, 1, 18.0),
        (ClusterChoice(gpu=True, workers=2), True, 2, 9.0),
        (ClusterChoice(cases=3), False, 3, 6.0),
    ],
)
def test_size__is_as_cores_and_memory_allow(choice, segmenting, workers, gigabytes):
    size = size_of(choice, segmenting=segmenting, cores=8, memory_bytes=20 * GIGABYTE)

    assert workers == size.workers
    assert size.memory_bytes == pytest.approx(gigabytes * GIGABYTE)


def test_size__of_a_small_machine_is_one_worker():
    assert 1 == size_of(ClusterChoice(), segmenting=True, cores=4, memory_bytes=GIGABYTE).workers


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (ClusterChoice(workers=0), "allowed is 1 or more"),
        (ClusterChoice(memory_bytes=3 * GIGABYTE), r"this machine has, 2\.0 GB"),
        (ClusterChoice(memory_bytes=GIGABYTE // 10), r"got 0\.1 GB; allowed are from 0\.5 GB"),
    ],
)
def test_size__refuses_what_there_is_not(choice, said):
    with pytest.raises(InputError, match=said):
        size_of(choice, segmenting=True, cores=4, memory_bytes=2 * GIGABYTE)


@pytest.mark.parametrize("address", ["foo", "http://10.0.0.1:8786", "tcp://a b:1", "", "a:b"])
def test_scheduler__with_an_address_that_is_none_is_refused(address):
    with (
        pytest.raises(InputError, match="allowed are addresses such as tcp://"),
        opened(ClusterChoice(scheduler=address), segmenting=False),
    ):
        pytest.fail("there is a cluster")


def test_scheduler__that_does_not_answer_is_one_line(monkeypatch):
    monkeypatch.setattr("remnant.cohort.clusters.CONNECT_S", 0.5)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
        with (
            pytest.raises(ClusterLostError, match="no scheduler answers at tcp://127"),
            opened(ClusterChoice(scheduler=address), segmenting=False),
        ):
            pytest.fail("there is a cluster")
