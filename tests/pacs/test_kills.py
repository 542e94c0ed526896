"""Listeners that are killed lose nothing and send nothing twice.

The long way is benchmarks/pacs_kill.py.
"""

import time

from examples.pacs_peers import (
    CountingPacs,
    ListenerProcess,
    send_objects,
    study_uid,
    wait_until,
)
from examples.pacs_results import RESULTS, ct_slice
from remnant.pacs.queue import StudyQueue, StudyState

KILLED_AFTER_S = (0.0, 0.7, 1.1, 1.6)
STUDIES = 3


def send_until_taken(listener, objects):
    """Send as a modality does: what got no answer is sent again later."""
    left = list(objects)
    while left and listener.process.poll() is None:
        statuses = send_objects(listener.port, left)
        left = [ds for ds, status in zip(left, statuses, strict=True) if status != 0x0000]
    return left


def test_kills__nothing_is_lost_and_nothing_sent_twice(tmp_path):
    left = [ct_slice(study_uid(f"{s}"), n) for s in range(STUDIES) for n in (1, 2)]
    with CountingPacs() as pacs:
        for after_s in KILLED_AFTER_S:
            listener = ListenerProcess(tmp_path / "spool", target=pacs.peer)
            assert listener.is_listening.wait(30), listener.lines
            left = send_until_taken(listener, left)
            time.sleep(after_s)
            listener.kill()
        last = ListenerProcess(tmp_path / "spool", target=pacs.peer)
        assert last.is_listening.wait(30), last.lines
        send_until_taken(last, left)
        wait_until(lambda: len(pacs.stored) == STUDIES * RESULTS)
        time.sleep(0.5)
        last.terminate()

    queue = StudyQueue(tmp_path / "spool" / "queue.sqlite")
    assert {StudyState.DONE: STUDIES} == queue.counts()
    queue.close()
    assert {1} == set(pacs.stored.values())
    assert {study_uid(f"{s}") for s in range(STUDIES)} == set(pacs.studies.values())
    assert 0 == last.process.returncode
