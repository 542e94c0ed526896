"""The queue loses nothing and repeats nothing, in whatever order things happen."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from remnant.core.errors import UnreadableFileError
from remnant.pacs.queue import Arrival, Receipt, SendState, StudyQueue, StudyState

STUDIES = ("case-a", "case-b")


def arrival(key, number, sha256="aa"):
    return Arrival(key=key, sop_uid=f"1.{STUDIES.index(key)}.{number}", name=f"{number}",
                   sha256=sha256)  # fmt: skip


class QueueMachine(RuleBasedStateMachine):
    """A listener that is killed between any two steps."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.queue = StudyQueue(self.folder / "queue.sqlite")
        self.now = 0.0
        self.taken, self.working = {key: set() for key in STUDIES}, []
        self.worked, self.target, self.under_way = {}, [], None

    def teardown(self):
        self.queue.close()
        shutil.rmtree(self.folder)

    @rule(key=st.sampled_from(STUDIES), number=st.integers(1, 6))
    def receive(self, key, number):
        placed = []
        receipt = self.queue.receive(
            arrival(key, number), now=self.now, due=self.now + 1.0, place=lambda: placed.append(1)
        )
        assert (receipt is Receipt.NEW) == (number not in self.taken[key]) == bool(placed)
        self.taken[key].add(number)

    @rule(seconds=st.sampled_from([0.5, 1.0, 5.0]))
    def wait(self, seconds):
        self.now += seconds

    @rule()
    def claim(self):
        work = self.queue.claim(self.now)
        if work is not None:
            assert work.key not in [other.key for other in self.working]
            assert work.arrivals == len(self.taken[work.key])
            self.working.append(work)

    @precondition(lambda self: self.working)
    @rule(data=st.data())
    def finish(self, data):
        work = self.working.pop(data.draw(st.integers(0, len(self.working) - 1)))
        results = [(f"2.{work.key}.{work.arrivals}.{n}", f"{n}") for n in range(2)]
        counts = self.queue.finish(work, results, self.now)
        assert counts == (work.arrivals == len(self.taken[work.key]))
        if counts:
            self.worked.setdefault(work.key, set()).update(uid for uid, _ in results)

    @precondition(lambda self: self.working)
    @rule(again=st.booleans())
    def fail(self, again):
        work = self.working.pop()
        self.queue.fail(work, "why", self.now, retry_at=self.now + 1.0 if again else None)

    @precondition(lambda self: self.under_way is None)
    @rule()
    def begin_sending(self):
        items = self.queue.outgoing(self.now)
        if not items:
            return
        item = items[0]
        if item.is_unsure and item.sop_uid in self.target:
            self.queue.settled(item, self.now)
            return
        self.queue.begin(item.sop_uid)
        self.under_way = item

    @precondition(lambda self: self.under_way is not None)
    @rule(fate=st.sampled_from(["stored", "refused", "unknown"]), arrives=st.booleans())
    def end_sending(self, fate, arrives):
        item, self.under_way = self.under_way, None
        if fate == "stored" or (fate == "unknown" and arrives):
            self.target.append(item.sop_uid)
        if fate == "stored":
            self.queue.settled(item, self.now)
        else:
            self.queue.postpone(item.sop_uid, self.now, unsure=fate == "unknown")

    @rule(arrives=st.booleans())
    def kill(self, arrives):
        if self.under_way is not None and arrives:
            self.target.append(self.under_way.sop_uid)
        self.under_way, self.working = None, []
        self.queue.close()
        self.queue = StudyQueue(self.folder / "queue.sqlite")
        self.queue.recover(self.now, settle_s=0.0)

    @rule()
    def retry(self):
        self.queue.retry_failed(self.now)

    @invariant()
    def nothing_is_sent_twice(self):
        assert len(self.target) == len(set(self.target))

    @invariant()
    def nothing_is_lost(self):
        lines = {line.key: line for line in self.queue.lines()}
        assert {k: len(v) for k, v in self.taken.items() if v} == {
            key: line.objects for key, line in lines.items()
        }
        for key, line in lines.items():
            if line.state is StudyState.DONE:
                assert self.worked[key] <= set(self.target)
        waiting = self.queue.send_counts()
        assert sum(map(len, self.worked.values())) == sum(waiting.values())
        assert waiting.get(SendState.SENT, 0) <= len(self.target)


QueueMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestQueue = QueueMachine.TestCase


@pytest.fixture(name="queue")
def queue_fixture(tmp_path):
    queue = StudyQueue(tmp_path / "queue.sqlite")
    yield queue
    queue.close()


def take(queue, key, number, *, due=0.0):
    return queue.receive(arrival(key, number), now=0.0, due=due, place=lambda: None)


def test_object__whose_file_cannot_be_placed_is_not_known(queue):
    def full():
        raise OSError

    with pytest.raises(OSError):
        queue.receive(arrival("case-a", 1), now=0.0, due=0.0, place=full)

    assert [] == queue.lines()
    assert Receipt.NEW is take(queue, "case-a", 1)


def test_same_uid_with_other_bytes__is_told_apart_across_studies(queue):
    take(queue, "case-a", 1)
    other = Arrival(key="case-b", sop_uid="1.0.1", name="1", sha256="bb")

    receipt = queue.receive(other, now=0.0, due=0.0, place=lambda: None)
    assert Receipt.DIFFERENT is receipt
    assert ["case-a"] == [line.key for line in queue.lines()]


def test_study__is_due_after_its_quiet_time_or_when_released(queue):
    take(queue, "case-a", 1, due=10.0)

    assert queue.claim(9.9) is None
    queue.complete(["case-a"], 5.0)
    assert "case-a" == queue.claim(5.0).key


def test_attempt__that_a_kill_ended_is_not_counted(queue):
    take(queue, "case-a", 1)
    first = queue.claim(0.0)
    queue.recover(0.0, settle_s=0.0)
    again = queue.claim(0.0)

    assert (1, 1) == (first.attempt, again.attempt)
    assert 1 == again.revision


def test_forgotten_study__may_come_again_but_what_was_sent_stays_sent(queue):
    take(queue, "case-a", 1)
    queue.finish(queue.claim(0.0), [("2.1", "r")], 0.0)
    queue.settled(queue.outgoing(0.0)[0], 0.0)

    assert ["case-a"] == queue.forget(1.0)
    take(queue, "case-a", 1)
    queue.finish(queue.claim(0.0), [("2.1", "r")], 0.0)
    assert [] == queue.outgoing(0.0)
    assert [StudyState.DONE] == [line.state for line in queue.lines()]


def test_queue__that_is_no_database_is_refused_by_name(tmp_path):
    (tmp_path / "queue.sqlite").write_text("no database" * 100)
    with pytest.raises(UnreadableFileError, match=r"queue\.sqlite cannot be used as the queue"):
        StudyQueue(tmp_path / "queue.sqlite")


def test_parked_study__is_not_forgotten(queue):
    queue.receive(arrival("case-a", 1), now=0.0, due=0.0, place=lambda: None)
    queue.fail(queue.claim(0.0), "run: exit code 1", 0.0, retry_at=None)

    assert [] == queue.forget(1e9)
    assert {StudyState.FAILED: 1} == queue.counts()


def test_clock_that_is_set_back__holds_no_study_up(queue):
    queue.receive(arrival("case-a", 1), now=5000.0, due=5060.0, place=lambda: None)

    assert "case-a" == queue.claim(1000.0).key
