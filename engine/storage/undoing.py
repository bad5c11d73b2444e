"""What undoing a settlement asks for: last first, cascade, or keep with a variance record."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from engine.claims.columns import Event, EventKind, Ints, Result, Status
from engine.claims.keys import content_key
from engine.codes.enums import Fund
from engine.errors import ClaimError
from engine.money import MAX_FEN
from engine.policy.compiler import CompiledBook
from engine.settlement.facts import Place, care_region, event_of
from engine.settlement.settle import located
from engine.storage.account_order import order_of, withheld_fen
from engine.storage.folding import Entry, Outcome, fold_entries, scheme_at
from engine.storage.ledger_state import LedgerState, Posted, outlasting
from engine.storage.ledger_tables import AMOUNTS
from engine.storage.messages import Message, Mode, Verb

CASCADE_MAX = 200
_PAYERS = (
    *(Result.FUND + fund for fund in Fund),
    Result.ACCOUNT,
    Result.CASH,
    Result.HOSPITAL_PART,
)

Step: TypeAlias = tuple[Ints | None, Posted | None, bool]
"""An event to settle, or none to undo; the settlement it is of; whether it follows from another."""


@dataclass(frozen=True, slots=True)
class Variance:
    """An amount of a later settlement that stands although it would be another."""

    settlement_id: str
    amount: str
    paid_fen: int
    would_be_fen: int


@dataclass(frozen=True, eq=False)
class Plan:
    """The entries of one message, and what a kept settlement would have come to."""

    entries: tuple[Entry, ...]
    variances: tuple[Variance, ...] = ()


@dataclass(frozen=True)
class Undoing:
    """Plans the messages that undo something.

    Args:
        at: position of the message in its batch.
        first_id: the settlement id of its first entry, which later ones name as their cause.
    """

    book: CompiledBook
    state: LedgerState
    message: Message
    at: int
    first_id: str

    def plan(self) -> Plan:
        """Return what the message asks for.

        Raises:
            ClaimError: `reversal_unknown`, `reversed_twice`, `reversal_not_last`,
                `later_care_elsewhere`, `person_mismatch`, `cascade_too_long`, `message_unknown`,
                `not_reversible`.
        """
        if self.message.verb is Verb.REVERSE_MESSAGE:
            return self._reverse_message()
        original = self.state.known.get(self.message.original)
        if original is None:
            raise self._refused("reversal_unknown")
        rest = self.message.event
        return self._undo(original, () if rest is None else ((rest, None, False),))

    def _undo(self, original: Posted, instead: tuple[Step, ...]) -> Plan:
        if original.year.person_id != self.message.person_id:
            raise self._refused("person_mismatch")
        if original.kind not in (EventKind.CLAIM, EventKind.APPLICATION):
            raise self._refused("reversal_unknown")
        live = self.state.live[original.year]
        ids = [one.settlement_id for one in live]
        place = ids.index(original.settlement_id) if original.settlement_id in ids else None
        if place is None:
            raise self._refused("reversed_twice")
        later = live[place + 1 :]
        self._check_cover(original)
        mode, variances = self._chosen(original, instead, later)
        self._check_segments(original, later, mode)
        if not later or mode is Mode.KEEP:
            entries = self._numbered([(None, original, False), *instead])
            return Plan(entries, variances)
        if mode is Mode.LAST_FIRST:
            raise self._refused("reversal_not_last", live[-1].settlement_id)
        elsewhere = [one.settlement_id for one in later if care_region(one.facts)]
        if elsewhere:
            # Its split was told to another region, which has paid its institution by it.
            raise self._refused("later_care_elsewhere", elsewhere[-1])
        return Plan(self._cascade(original, instead, later))

    def _check_cover(self, original: Posted) -> None:
        """Let nothing be undone before a change of cover: what it reset cannot be taken back."""
        change = self.state.barred.get(outlasting(original.year))
        if change is not None and change.version > original.version:
            raise self._refused("reversal_not_last", change.settlement_id)

    def _check_segments(self, original: Posted, later: Sequence[Posted], mode: Mode) -> None:
        """Let no segment of a stay be undone before the later ones, unless they go with it."""
        if original.visit is None:
            return
        institution, stay, segment = original.visit
        cascaded = {one.settlement_id for one in later}
        for (where, visit, number), name in self.state.billed.items():
            follows = (where, visit) == (institution, stay) and number > segment
            if follows and (name not in cascaded or mode is Mode.KEEP):
                raise self._refused("reversal_not_last", name)

    def _chosen(
        self, original: Posted, instead: tuple[Step, ...], later: Sequence[Posted]
    ) -> tuple[Mode, tuple[Variance, ...]]:
        """Return what becomes of later settlements, and what those that stand would have been."""
        scheme = self.book.book.schemes[scheme_at(original.year, self.book)]
        mode = self.message.mode or Mode(scheme.reversal)
        limit = None if self.message.mode else scheme.keep_below_fen
        if not later or (limit is None and mode is not Mode.KEEP):
            return mode, ()
        again = self._anew(original, instead, later)
        if limit is None or _moved_fen(again) < limit:
            return Mode.KEEP, _variances(again)
        return mode, ()

    def _cascade(
        self, original: Posted, instead: tuple[Step, ...], later: Sequence[Posted]
    ) -> tuple[Entry, ...]:
        if len(later) > CASCADE_MAX:
            raise self._refused("cascade_too_long", str(CASCADE_MAX))
        steps: list[Step] = [(None, one, True) for one in reversed(later)]
        steps += [(None, original, False), *instead]
        steps += [(self._again(one), one, True) for one in later]
        entries = self._numbered(steps)
        undone = {original.settlement_id, *(one.settlement_id for one in later)}
        return tuple(self._placed(entry, original, undone) for entry in entries)

    def _placed(self, entry: Entry, original: Posted, undone: set[str]) -> Entry:
        """Let a claim draw on what the accounts held in the place in which it is settled."""
        if entry.event is None:
            return entry
        order = order_of(entry.of or original)
        moved = self.state.moved.get(outlasting(original.year), [])
        return replace(entry, place=Place(order, withheld_fen(moved, order, undone)))

    def _again(self, of: Posted) -> Ints:
        """Return a settlement's event, by the terms of its own date."""
        event = event_of(of.facts or "", scheme_at(of.year, self.book), self.book)
        event[Event.PERSON] = content_key(of.year.person_id)
        again: Ints = located(self.book, event[None, :])[0]
        return again

    def _numbered(self, steps: Sequence[Step]) -> tuple[Entry, ...]:
        """Return the entries; the one that the message names is number 0, whatever its place."""
        numbers = iter(range(1, len(steps) + 1))
        named = next(k for k, (_, _, follows) in enumerate(steps) if not follows)
        return tuple(
            Entry(
                message=self.at,
                number=0 if k == named else next(numbers),
                event=event,
                of=of,
                cause=self.first_id if follows else None,
            )
            for k, (event, of, follows) in enumerate(steps)
        )

    def _anew(
        self, original: Posted, instead: tuple[Step, ...], later: Sequence[Posted]
    ) -> list[tuple[Posted, Outcome]]:
        """Return later settlements, each with what it would be, had this one not been before."""
        entries = self._cascade(original, instead, later)
        outcomes = fold_entries(self.book, entries, self.state)
        return list(zip(later, outcomes[-len(later) :], strict=True))

    def _reverse_message(self) -> Plan:
        """Undo what a message did: its settlement, its cancellation, or both of a refund."""
        target = (self.message.sender_id, self.message.original)
        made = [one for one in self.state.known.values() if one.message == target]
        if not made:
            raise self._refused("message_unknown")
        claims = [one for one in made if one.kind is EventKind.CLAIM]
        undone = [one for one in made if one.kind is EventKind.REVERSAL]
        if len(claims) > 1 or len(undone) > 1 or not (claims or undone):
            raise self._refused("not_reversible")
        back = tuple(self._reinstated(one, claims) for one in undone)
        if claims:
            return self._undo(claims[0], back)
        if undone[0].year.person_id != self.message.person_id:
            raise self._refused("person_mismatch")
        return Plan(self._numbered(back))

    def _reinstated(self, reversal: Posted, claims: Sequence[Posted]) -> Step:
        """Return the step that settles again what a reversal undid, unless its visit is billed."""
        original = self.state.known.get(reversal.reverses or "")
        if original is None or original.visit is None:
            raise self._refused("reversal_unknown")
        billed = self.state.billed.get(original.visit)
        if billed is not None and billed not in {one.settlement_id for one in claims}:
            raise self._refused("reversed_twice")
        return self._again(original), original, False

    def _refused(self, code: str, name: str = "") -> ClaimError:
        return refusal(code, self.message, name)


def _variances(again: Sequence[tuple[Posted, Outcome]]) -> tuple[Variance, ...]:
    return tuple(
        Variance(stands.settlement_id, name, int(stands.result[k]), int(would_be.result[k]))
        for stands, would_be in again
        if would_be.status == Status.SETTLED
        for name, k in AMOUNTS.items()
        if stands.result[k] != would_be.result[k]
    )


def _moved_fen(again: Sequence[tuple[Posted, Outcome]]) -> int:
    """Return the money that would move from one payer to another; beyond any limit if one falls.

    A bill's total stays, so that what some payers would pay more others would pay less.
    """
    if any(would_be.status != Status.SETTLED for _, would_be in again):
        return MAX_FEN
    return sum(
        max(0, int(would_be.result[k] - stands.result[k]))
        for stands, would_be in again
        for k in _PAYERS
    )


MESSAGES = {
    "reversal_unknown": (
        "没有可撤销的结算 {original}",
        "there is no settlement {original} to undo",
    ),
    "reversed_twice": (
        "结算 {original} 已经撤销，或其就诊已另行结算",
        "{original} is undone already, or its visit is settled anew",
    ),
    "reversal_not_last": (
        "当地政策只允许按结算先后倒序撤销；请先撤销最后一笔有效结算 {name}",
        "the policy undoes settlements last first; undo the last live one, {name}, first",
    ),
    "later_care_elsewhere": (
        "其后有异地就医结算 {name}，其分担已告知就医地，不能在此重算；请先由就医地撤销",
        "the later settlement {name} is of care elsewhere; that region must cancel it first",
    ),
    "person_mismatch": (
        "结算 {original} 不属于所报的参保人；请核对结算编号",
        "settlement {original} is not of the person named; check the settlement id",
    ),
    "cascade_too_long": (
        "其后有效结算超过 {name} 笔，不能在一次处理中全部重算；请交批量处理",
        "more than {name} later settlements would be settled anew; leave it to a batch",
    ),
    "message_unknown": (
        "没有处理过报文 {original}，无可冲正；该报文今后到达也不再处理",
        "message {original} was never carried out; should it still come, it will not be",
    ),
    "message_void": (
        "该报文在到达之前已被冲正，未作任何处理；如需办理请以新的报文号发送",
        "the message was reversed before it came, so nothing was done; send it with a new id",
    ),
    "not_reversible": (
        "报文 {original} 所作的处理不能按报文冲正；请逐笔撤销",
        "what message {original} did cannot be reversed as a message; cancel each settlement",
    ),
    "duplicate_visit": (
        "该就诊及批次已由结算 {name} 结算；如需更改请先撤销它",
        "settlement {name} bills this visit and segment already; cancel it first",
    ),
    "message_differs": (
        "报文号已用于另一内容的报文，未作任何处理；请以新的报文号发送",
        "the message id was used with another body, so nothing was done; send it with a new id",
    ),
    "answer_forgotten": (
        "报文已处理，其应答已过保存期；请按结算编号 {name} 查询",
        "the message was carried out, its answer is no longer kept; ask for settlement {name}",
    ),
}


def refusal(code: str, message: Message, name: str = "") -> ClaimError:
    """Return the error by which a message is turned away."""
    zh, en = (text.format(original=message.original, name=name) for text in MESSAGES[code])
    return ClaimError(code, zh, en, sender=message.sender_id, message=message.message_id)
