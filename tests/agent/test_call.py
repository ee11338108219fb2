"""Waking a thread that waits."""

import threading
import time

from agent.call import Call


def test_a_call_before_the_waiting_is_heard_once_and_several_are_one():
    call = Call()
    call()
    call()
    assert call.wait(0)
    assert not call.wait(0)


def test_a_waiting_thread_is_woken():
    call = Call()
    threading.Timer(0.05, call).start()
    begun = time.monotonic()
    assert call.wait(120)
    assert time.monotonic() - begun < 100
