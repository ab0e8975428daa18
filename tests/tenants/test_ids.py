"""Ids are told apart whoever makes them: threads, and children of a process that has made some."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.utils import timezone

from tenants.ids import created_at, uuid7


def test_an_id_is_of_version_7_and_knows_its_moment():
    made = uuid7()

    assert made.version == 7
    assert abs(created_at(made) - timezone.now()) < timedelta(minutes=1)


def test_ten_thousand_ids_of_four_threads_differ():
    with ThreadPoolExecutor(4) as pool:
        made = [
            key
            for part in pool.map(lambda _: [uuid7() for _ in range(2_500)], range(4))
            for key in part
        ]

    assert len(set(made)) == 10_000


def test_a_forked_child_does_not_repeat_its_parents_ids():
    uuid7(now_s=1.0)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, uuid7(now_s=1.0).bytes)
        finally:
            os._exit(0)
    os.waitpid(child, 0)

    assert os.read(reading, 16) != uuid7(now_s=1.0).bytes
    os.close(reading)
    os.close(writing)
