"""Commits what many callers wait for together: one sync of the disk for all of them."""

from collections import deque
from dataclasses import dataclass
from threading import Condition

from engine.errors import EngineError, InvariantError, StorageError
from engine.policy.compiler import CompiledBook
from engine.storage.attempts import unavailable
from engine.storage.database import Database
from engine.storage.messages import Message
from engine.storage.posting import Answer, post

MOST_TOGETHER = 64


@dataclass(eq=False)
class _Ticket:
    message: Message
    now: int
    answer: Answer | None = None
    error: EngineError | None = None

    @property
    def done(self) -> bool:
        """Whether it was carried out, or stopped."""
        return self.answer is not None or self.error is not None


class GroupCommit:
    """Posts messages of many threads; whoever comes while one batch commits goes in the next.

    Args:
        database: its transactions are the batches.
        book: the policies.
    """

    def __init__(self, database: Database, book: CompiledBook) -> None:
        self._database = database
        self.book = book
        self._waiting: deque[_Ticket] = deque()
        self._turn = Condition()
        self._committing = False

    def post(self, message: Message, now: int) -> Answer:
        """Carry out a message and return its answer once it is committed.

        Raises:
            StorageError: `database_unavailable`, see `posting.post`.
            InvariantError: a bug of ours met this very message; nothing of it was written.
        """
        ticket = _Ticket(message, now)
        with self._turn:
            self._waiting.append(ticket)
        while not ticket.done:
            self._lead(self._next(ticket))
        if ticket.answer is None:
            raise ticket.error or InvariantError("a message was passed over")
        return ticket.answer

    def _next(self, ticket: _Ticket) -> list[_Ticket]:
        """Wait until the ticket is done or the turn is free; return what is then to be led."""
        with self._turn:
            self._turn.wait_for(lambda: ticket.done or not self._committing)
            if ticket.done:
                return []
            self._committing = True
            count = min(MOST_TOGETHER, len(self._waiting))
            return [self._waiting.popleft() for _ in range(count)]

    def _lead(self, tickets: list[_Ticket]) -> None:
        if not tickets:
            return
        try:
            self._carry_out(tickets)
        finally:
            for ticket in tickets:
                if not ticket.done:  # An interrupt, say: nobody may wait for it for ever.
                    ticket.error = unavailable()
            with self._turn:
                self._committing = False
                self._turn.notify_all()

    def _carry_out(self, tickets: list[_Ticket]) -> None:
        try:
            self._post(tickets)
        except StorageError as error:
            for ticket in tickets:
                ticket.error = error
        except EngineError:
            # One message breaks the batch: each then stands for itself.
            for ticket in tickets:
                self._post_alone(ticket)

    def _post(self, tickets: list[_Ticket]) -> None:
        messages = [ticket.message for ticket in tickets]
        now = max(ticket.now for ticket in tickets)
        answers = post(self._database, self.book, messages, now)
        for ticket, answer in zip(tickets, answers, strict=True):
            ticket.answer = answer

    def _post_alone(self, ticket: _Ticket) -> None:
        try:
            self._post([ticket])
        except EngineError as error:
            ticket.error = error
