"""The folder of a listener: what nobody knows any more goes."""

import io
import stat

import pytest

from examples.pacs_peers import settings_for, study_uid
from examples.pacs_results import ct_slice, write_results
from remnant.pacs.logs import NodeLog
from remnant.pacs.queue import Arrival, SendState, StudyQueue, StudyState
from remnant.pacs.spool import Spool
from remnant.pacs.working import Worker


def test_tidy__removes_cases_of_forgotten_studies_and_no_others(tmp_path):
    spool = Spool(tmp_path / "spool")
    queue = StudyQueue(spool.queue_path)
    known = Arrival(key="case-known", sop_uid="1.2", name="a.dcm", sha256="aa")
    queue.receive(known, now=0.0, due=0.0, place=lambda: None)
    kept = spool.case("case-known", 1)
    for folder in (kept, spool.case("case-gone", 1), spool.case("case-gone", 2)):
        folder.mkdir()
        folder.with_name(f"{folder.name}.log").touch()

    spool.tidy(queue)
    queue.close()

    assert sorted(kept.parent.iterdir()) == [kept, kept.with_name(f"{kept.name}.log")]


class Node:
    """A worker on a study of one object, whose program does what a test says meanwhile."""

    def __init__(self, folder):
        self.spool = Spool(folder)
        self.queue = StudyQueue(self.spool.queue_path)
        self.receive(1)
        settings = settings_for(folder).working
        self.worker = Worker(
            self.spool, self.queue, settings, is_sent=True, log=NodeLog(io.StringIO())
        )
        self.meanwhile = lambda: None
        self.worker._run_all = self._work

    def receive(self, number):
        arrival = Arrival(key="case-a", sop_uid=f"1.{number}", name=f"{number}.dcm", sha256="aa")
        self.queue.receive(arrival, now=0.0, due=0.0, place=lambda: self._place(number))

    def _place(self, number):
        folder = self.spool.study("case-a")
        folder.mkdir(exist_ok=True)
        ct_slice(study_uid("a"), number).save_as(folder / f"{number}.dcm")

    def _work(self, work):
        write_results(self.spool.study(work.key), self.spool.case(work.key, work.revision))
        self.meanwhile()


@pytest.fixture(name="node")
def node_fixture(tmp_path):
    node = Node(tmp_path / "spool")
    yield node
    node.queue.close()


def test_outbox__results_are_the_owners_alone(node):
    assert node.worker.work_due()
    files = list(node.spool.outbox.iterdir())
    assert len(files) == node.queue.send_counts()[SendState.WAITING]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_outbox__holds_no_results_of_a_revision_that_another_takes_the_place_of(node):
    node.meanwhile = lambda: node.receive(2)
    assert node.worker.work_due()
    assert node.queue.counts() == {StudyState.RECEIVING: 1}
    assert list(node.spool.outbox.iterdir()) == []


def test_outbox__holds_nothing_of_a_set_that_the_disk_could_not_hold(node, monkeypatch):
    def full(source, copy, *_):
        copy.write(source.read(10))
        if len(list(node.spool.outbox.iterdir())) > 1:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("remnant.pacs.spool.shutil.copyfileobj", full)
    assert node.worker.work_due()
    assert node.queue.lines()[0].reason.startswith("results could not be kept")
    assert list(node.spool.outbox.iterdir()) == []
