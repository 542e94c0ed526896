"""How many workers a machine takes, and what is said where there is no cluster."""

import socket
import subprocess
import sys

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


def test_size__refuses_more_memory_than_there_is():
    with pytest.raises(InputError, match=r"got 3 GB; this machine has 2\.0 GB"):
        size_of(
            ClusterChoice(memory_bytes=3 * GIGABYTE),
            segmenting=True,
            cores=4,
            memory_bytes=2 * GIGABYTE,
        )


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"workers": 0}, "--workers got 0; allowed is 1 or more"),
        ({"memory_bytes": GIGABYTE // 10}, r"got 0\.1 GB; allowed is 0\.5 GB or more"),
        ({"scheduler": "foo"}, "'foo'; allowed are addresses such as tcp://"),
        ({"scheduler": "http://10.0.0.1:8786"}, "allowed are addresses"),
        ({"scheduler": "tcp://a b:1"}, "allowed are addresses"),
        ({"scheduler": ""}, "allowed are addresses"),
    ],
)
def test_choice__refuses_what_can_be_no_cluster(choice, said):
    with pytest.raises(InputError, match=said):
        ClusterChoice(**choice)


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


def test_opened__in_a_thread_that_ran_a_loop_before(tmp_path):
    code = (
        "import asyncio\n"
        "from remnant.cohort.clusters import ClusterChoice, opened\n"
        "if __name__ == '__main__':\n"
        "    asyncio.run(asyncio.sleep(0))\n"
        "    with opened(ClusterChoice(workers=1), segmenting=False) as client:\n"
        "        print(client.submit(sum, (1, 2)).result())\n"
    )
    script = tmp_path / "caller.py"
    script.write_text(code)
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout) == (0, "3\n"), ran.stderr
