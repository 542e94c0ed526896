"""The background gives way to who waits for an answer."""

import threading

from remnant.web import attention
from remnant.web.attention import Attention


def test_give_way__returns_at_once_where_nobody_was_ever_asked():
    assert Attention().give_way()


def test_give_way__waits_until_all_were_answered(monkeypatch):
    monkeypatch.setattr(attention, "CALM_S", 0.0)
    asked, went_on = Attention(), threading.Event()

    def background():
        asked.give_way()
        went_on.set()

    with asked.asked():
        with asked.asked():
            thread = threading.Thread(target=background)
            thread.start()
        assert not went_on.wait(0.05)
    assert went_on.wait(10.0)
    thread.join()


def test_give_way__waits_a_moment_after_an_answer(monkeypatch):
    clock = iter((10.0, 10.05, 10.05, 10.16))
    monkeypatch.setattr(attention.time, "monotonic", lambda: next(clock))
    waited, asked = [], Attention()
    with asked.asked():
        pass
    monkeypatch.setattr(asked._changed, "wait", waited.append, raising=False)

    assert asked.give_way()
    assert [round(seconds, 3) for seconds in waited] == [0.1]
