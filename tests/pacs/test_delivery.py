"""A result that may have arrived is asked for, and sent again only where it is not there."""

import pytest

from examples.pacs_peers import CountingPacs, settings_for, study_uid
from examples.pacs_results import ct_slice, write_results
from remnant.pacs.delivery import Delivery
from remnant.pacs.heads import read_head
from remnant.pacs.logs import NodeLog
from remnant.pacs.queue import Arrival, SendState, StudyQueue, StudyState
from remnant.pacs.settings import DicomPeer
from remnant.pacs.spool import Spool, name_of


@pytest.fixture(name="doubtful")
def doubtful_fixture(tmp_path):
    """An outbox of which one result was on its way when the listener died."""
    study = tmp_path / "study"
    study.mkdir()
    ct_slice(study_uid("a"), 1).save_as(study / "a.dcm", enforce_file_format=True)
    write_results(study, tmp_path / "case")
    spool = Spool(tmp_path / "spool")
    queue = StudyQueue(spool.queue_path)
    arrival = Arrival(key="case-a", sop_uid="1.2", name="a.dcm", sha256="aa")
    queue.receive(arrival, now=0.0, due=0.0, place=lambda: None)
    uids = []
    for file in sorted((tmp_path / "case" / "dicom").iterdir()):
        uids.append(read_head(file).sop_instance_uid)
        spool.post(file, name_of(uids[-1]))
    queue.finish(queue.claim(0.0), [(uid, name_of(uid)) for uid in uids], 0.0)
    queue.begin(uids[0])
    queue.recover(0.0, settle_s=0.0)
    yield spool, queue, uids
    queue.close()


def deliver(doubtful, peer, tmp_path):
    spool, queue, _ = doubtful
    settings = settings_for(tmp_path, target=peer).sending
    with (tmp_path / "log").open("w") as log:
        assert Delivery(spool, queue, settings, NodeLog(log)).deliver_due()


def test_result__that_had_arrived_is_not_sent_again(doubtful, tmp_path):
    _, queue, uids = doubtful
    with CountingPacs() as pacs:
        pacs.stored[uids[0]] = 1
        deliver(doubtful, pacs.peer, tmp_path)

    assert dict.fromkeys(uids, 1) == dict(pacs.stored)
    assert {StudyState.DONE: 1} == queue.counts()


def test_result__that_had_not_arrived_is_sent(doubtful, tmp_path):
    _, _, uids = doubtful
    with CountingPacs() as pacs:
        deliver(doubtful, pacs.peer, tmp_path)

    assert dict.fromkeys(uids, 1) == dict(pacs.stored)


def test_result__is_sent_again_where_the_target_cannot_be_asked(doubtful, tmp_path):
    _, queue, uids = doubtful
    with CountingPacs(finds=False) as pacs:
        pacs.stored[uids[0]] = 1
        deliver(doubtful, pacs.peer, tmp_path)

    assert [2, 1, 1] == [pacs.stored[uid] for uid in uids]
    assert {SendState.SENT: 3} == queue.send_counts()


def test_target__that_is_away_leaves_all_as_it_was(doubtful, tmp_path):
    _, queue, _ = doubtful
    before = queue.send_counts()
    deliver(doubtful, DicomPeer(ae_title="PACS", host="127.0.0.1", port=9), tmp_path)

    assert before == queue.send_counts()
    assert {SendState.UNSURE: 1, SendState.WAITING: 2} == before
