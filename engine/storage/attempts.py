"""One transaction, tried again where somebody was first or the server was away."""

import time
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from engine.errors import InvariantError, StorageError
from engine.storage.database import Database

ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 0.02
CHECK_VIOLATION = "23514"
_Made = TypeVar("_Made")


def in_one_transaction(database: Database, work: Callable[[sa.Connection], _Made]) -> _Made:
    """Return what work makes of a connection, committed whole.

    Args:
        database: its transactions are the attempts.
        work: begins anew with every attempt; whatever it raises takes back what it wrote.

    Raises:
        StorageError: `database_unavailable`. Whether the work was done is then not known, and to
            ask for the very same again is safe.
        InvariantError: the database refuses a row, which is a bug of ours; nothing was written.
    """
    for attempt in range(ATTEMPTS):
        try:
            with database.transaction() as connection:
                return work(connection)
        except sa.exc.DBAPIError as error:
            if _refuses_amounts(error):
                message = "the database refuses a row whose identities do not hold"
                raise InvariantError(message) from error
            if attempt == ATTEMPTS - 1 or not _passes(error):
                raise unavailable() from error
        time.sleep(FIRST_PAUSE_SECONDS * 2**attempt)
    raise unavailable()


def unavailable() -> StorageError:
    """Return the error of a database that did not answer."""
    return StorageError(
        "database_unavailable",
        "数据库暂不可用，报文是否已处理尚不确定；请稍后以同一报文号原样重发，不会重复结算",
        "the database is not available, and whether the message was carried out is not known; "
        "send the very same message again later: it is settled only once",
    )


def _refuses_amounts(error: sa.exc.DBAPIError) -> bool:
    """Return whether a CHECK of the tables did not hold."""
    state = getattr(error.orig, "sqlstate", None)
    return state == CHECK_VIOLATION or "CHECK constraint failed" in str(error.orig)


def _passes(error: sa.exc.DBAPIError) -> bool:
    """Return whether to try again may help: somebody was first, or the server was away."""
    return isinstance(error, sa.exc.IntegrityError | sa.exc.OperationalError)
