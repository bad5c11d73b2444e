"""Work on all processors of this process: jobs in order, and a job beside other work."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

J = TypeVar("J")
R = TypeVar("R")


def thread_count() -> int:
    """Return how many threads work at a time: JIESUAN_THREADS, else one for each processor."""
    return int(os.environ.get("JIESUAN_THREADS") or len(os.sched_getaffinity(0)))


@contextmanager
def beside(work: Callable[[], R]) -> Iterator[Callable[[], R]]:
    """Do work while the body runs; what the body is given waits for the result and returns it.

    It shares nothing with the body that either changes. With one thread it is done first.
    """
    if thread_count() == 1:
        done = work()
        yield lambda: done
        return
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(work).result


def in_order(work: Callable[[J], R], jobs: Iterable[J]) -> Iterator[R]:
    """Yield the result of each job, in the order of the jobs.

    Few jobs are under way beyond the one that is waited for, so that memory stays bounded. The
    work is to spend its time outside the interpreter's lock.
    """
    threads = thread_count()
    if threads == 1:
        yield from map(work, jobs)
        return
    with ThreadPoolExecutor(threads) as pool:
        under_way: deque[Future[R]] = deque()
        for job in jobs:
            under_way.append(pool.submit(work, job))
            if len(under_way) > threads:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
