"""A visit and its lines as the ledger is asked to settle them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from api.national.desk import Desk
from api.national.envelope import Call
from engine.claims.columns import Bucket, Event, Stream
from engine.codes.enums import Insurance, ItemCategory, ItemClass, PersonType, Sex, VisitKind
from engine.errors import ClaimError
from engine.money import format_scaled
from engine.periods import date_of_day
from engine.policy.book import Scheme
from engine.policy.insurances import SCHEME_OF
from engine.settlement.case import read_story
from engine.settlement.case_form import read_form
from engine.settlement.settle import located
from engine.storage.messages import Message, Verb, read_message
from engine.storage.posting import post_within
from engine.storage.registered_messages import REGISTER, due_messages, marked_message
from engine.storage.visits import Visit

PRICE_PLACES, QUANTITY_PLACES, FEN_PLACES = 6, 4, 2
APPROVED = "1"
PERCENT_PLACES = 4

BUCKET_NAMES = {
    Bucket.OFF_LIST: "self_pay_off_list_fen",
    Bucket.OVER_PRICE: "self_pay_over_price_fen",
    Bucket.FIRST_SHARE: "self_pay_first_share_fen",
    Bucket.COVERED: "covered_fen",
}
PRICED_ON = "1970-01-01"
"""The day of settlement of lines that are priced and not settled yet."""

Record = dict[str, Any]


def bill_request(
    desk: Desk, visit: Visit, lines: Sequence[Mapping[str, Any]], **event: Any
) -> Record:
    """Return the request to settle a visit's lines, less its message's own fields.

    Args:
        event: what the bill itself says: `account_used`, `segment`, `interim`.

    Raises:
        ClaimError: `no_kind_of_visit`, `not_insured`, `unknown_item` or what the register lacks.
    """
    if visit.visit_kind is None:
        raise ClaimError(
            "no_kind_of_visit",
            "尚未上传就诊信息；请先以 2203 上传医疗类别与诊断",
            "the kind of visit is not known yet; send it with 2203 first",
        )
    scheme = scheme_of(desk, visit)
    institution = desk.reference.institution(visit.institution_id)
    days = [visit.begin_day, *(line["day"] for line in lines)]
    last = max(days) if visit.end_day is None else visit.end_day
    return {
        "region": scheme.file.region,
        "scheme": scheme.file.scheme,
        "person_id": visit.person_id,
        "institution_id": visit.institution_id,
        "person": person_of(desk, visit, scheme),
        "event": {
            "visit": VisitKind(visit.visit_kind).name.lower(),
            "level": institution["deductible_level"],
            "begin": date_of_day(min(days)).isoformat(),
            "end": date_of_day(max(last, min(days))).isoformat(),
            "disease": visit.disease_code,
            "lines": _case_lines(desk, visit, scheme, lines),
            **event,
        },
    }


def message_of(desk: Desk, request: Record, key: tuple[str, str], now: int) -> Message:
    """Return a request as a message of the ledger, under its sender and message id."""
    moment = datetime.fromtimestamp(now, UTC).replace(tzinfo=None)
    whole = request | {
        "sender_id": key[0],
        "message_id": key[1],
        "settled_at": moment.isoformat(),
    }
    message = read_message(json.dumps(whole).encode(), desk.book)
    return marked_message(desk.book, desk.reference, message)


def open_account(connection: sa.Connection, desk: Desk, call: Call, visit: Visit) -> None:
    """Let what the registers hold of a person enter the ledger, each fact once for ever.

    That is the opening balance of the account, what entered and left it since, and what a change
    of cover does.

    Raises:
        ClaimError: `account_overdrawn`.
    """
    own = desk.reference.covers_frame(visit.person_id)
    _open_balance(connection, desk, call, visit)
    due = due_messages(connection, desk.book, desk.reference.registers, own, call.now)
    for answer in post_within(connection, desk.book, due, call.now):
        if isinstance(answer, ClaimError):
            raise answer


def _open_balance(connection: sa.Connection, desk: Desk, call: Call, visit: Visit) -> None:
    name = SCHEME_OF.get(Insurance(visit.insurance), "")
    at = desk.book.book.index(visit.home_region, name)
    fen = sum(row["account_balance_fen"] for row in _covers(desk, visit))
    if fen == 0 or at is None:
        return
    scheme = desk.book.book.schemes[at]
    request = {
        "region": scheme.file.region,
        "scheme": scheme.file.scheme,
        "person_id": visit.person_id,
        "person": {"class": next(iter(scheme.file.person_classes))},
        "verb": Verb.SETTLE,
        "event": {"kind": "account_credit", "amount": format_scaled(fen, FEN_PLACES)},
    }
    place = f"{visit.home_region}.{name}.{visit.person_id}"
    message = message_of(desk, request, (REGISTER, place), call.now)
    same = hashlib.sha256(f"{place} opening balance".encode()).hexdigest()
    post_within(connection, desk.book, [replace(message, body_hash=same)], call.now)


def line_results(desk: Desk, visit: Visit, lines: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Return how each line is split when it is priced alone, by the names of `line_result`.

    The settlement prices the batch as a whole: limits that lines share, as those by day, show
    only there.
    """
    priced = visit if visit.visit_kind is not None else _assumed(visit)
    split = buckets_of(desk, priced, [[_positive(line)] for line in lines])
    return [_result(desk, visit, line, each) for line, each in zip(lines, split, strict=True)]


def _assumed(visit: Visit) -> Visit:
    # Lines may come before the kind of visit; an out-patient bill is what 2204 sends.
    return replace(visit, visit_kind=int(VisitKind.OUTPATIENT))


def _sign(line: Mapping[str, Any]) -> int:
    return 1 if line.get("original_line_id") is None else -1


def _positive(line: Mapping[str, Any]) -> Record:
    """Return a line as one that takes nothing back."""
    alone = {name: line[name] for name in line if name != "original_line_id"}
    return alone | {name: _sign(line) * line[name] for name in ("amount_fen", "quantity_e4")}


def _result(desk: Desk, visit: Visit, line: Mapping[str, Any], split: dict[str, int]) -> Record:
    buckets = {name: _sign(line) * fen for name, fen in split.items()}
    told = {name: line[name] for name in ("line_id", "amount_fen", "quantity_e4", "price_e6")}
    return told | buckets | _listed(desk, visit, line)


def buckets_of(
    desk: Desk, visit: Visit, bills: Sequence[Sequence[Mapping[str, Any]]]
) -> list[dict[str, int]]:
    """Return what each of some bills of a visit comes to in the four buckets, by names, in fen.

    They are priced together, each as if it were the only one.
    """
    asked = [bill_request(desk, visit, lines, account_used=False) for lines in bills]
    if not asked:
        return []
    scheme = scheme_of(desk, visit)
    alike = {"institution": visit.institution_id, "stay": visit.visit_id, "settled": PRICED_ON}
    case = {name: asked[0][name] for name in ("region", "scheme", "person")}
    form = read_form(case | {"events": [request["event"] | alike for request in asked]})
    story = read_story(form, desk.book, desk.book.book.schemes.index(scheme))
    events = located(desk.book, story.events, story.bill.bills())
    streams = events[:, Event.BUCKETS : Event.BUCKETS + len(Stream) * len(Bucket)]
    sums = streams.reshape(len(events), len(Stream), len(Bucket)).sum(axis=1)
    return [{name: int(one[at]) for at, name in BUCKET_NAMES.items()} for one in sums]


def _listed(desk: Desk, visit: Visit, line: Mapping[str, Any]) -> Record:
    """Return what the catalogue of the region of care says of a line's item; empty for none."""
    row = desk.reference.item(line["item_code"], visit.care_region, line["day"])
    if row is None:
        return {}
    level = desk.reference.institution(visit.institution_id)["price_level"]
    return {
        "item_class": f"{row['item_class']:02d}",
        "item_category": f"{row['category']:02d}",
        "price_limit_e6": row[f"ceiling_price_{level}_e6"],
        "first_share_ppm": row["first_share_ppm"],
    }


def scheme_of(desk: Desk, visit: Visit) -> Scheme:
    """Return the scheme that a visit's lines are priced by, and settled by unless elsewhere.

    Raises:
        ClaimError: `no_policy`.
    """
    name = SCHEME_OF.get(Insurance(visit.insurance), "")
    region = visit.care_region if desk.is_elsewhere(visit) else visit.home_region
    # A hospital of a district prices by the rules of its city, or of its province.
    wider = (region, region[:4] + "00", region[:2] + "0000") if region != visit.home_region else ()
    for code in wider or (region,):
        at = desk.book.book.index(code, name)
        if at is not None:
            return desk.book.book.schemes[at]
    raise ClaimError(
        "no_policy",
        f"没有区划 {region} 该险种的政策；请联系经办机构",
        f"there is no policy of {region} for this insurance; ask the bureau",
    )


def person_of(desk: Desk, visit: Visit, scheme: Scheme) -> Record:
    """Return what the register says of a visit's person; of one insured elsewhere it says nothing.

    Raises:
        ClaimError: `not_insured`.
    """
    if desk.is_elsewhere(visit):
        return {"class": next(iter(scheme.file.person_classes))}
    rows = _covers(desk, visit)
    kind = PersonType(rows[0]["person_type"]).name.lower() if rows else ""
    names = [name for name, kinds in scheme.file.person_classes.items() if kind in kinds]
    if not names:
        raise ClaimError(
            "not_insured",
            "该人员在就诊当日没有此险种的有效参保，或其人员类别不在政策之内；请以 1101 核对",
            "the person is not covered by this insurance on that day; check with 1101",
        )
    person = {"class": names[0], "birth_date": date_of_day(rows[0]["birth_day"]).isoformat()}
    if rows[0]["sex"] in {Sex.MALE, Sex.FEMALE}:
        person["sex"] = Sex(rows[0]["sex"]).name.lower()
    return person


def _covers(desk: Desk, visit: Visit) -> list[dict[str, Any]]:
    """Return the rows of the register that insure the visit's first day."""
    return [
        row
        for row in desk.reference.covers(visit.person_id)
        if row["insurance"] == visit.insurance
        and row["region"] == visit.home_region
        and row["cover_from"] <= visit.begin_day < row["cover_to"]
    ]


def _case_lines(
    desk: Desk, visit: Visit, scheme: Scheme, lines: Sequence[Mapping[str, Any]]
) -> list[Record]:
    numbers = {line["line_id"]: at for at, line in enumerate(lines, start=1)}
    return [_case_line(desk, visit, scheme, line, numbers) for line in lines]


def _case_line(
    desk: Desk,
    visit: Visit,
    scheme: Scheme,
    line: Mapping[str, Any],
    numbers: Mapping[str, int],
) -> Record:
    original = line.get("original_line_id")
    if original is not None:
        return {"refunds": numbers.get(original, 0)}
    told: Record = {
        "price": format_scaled(line["price_e6"], PRICE_PLACES),
        "quantity": format_scaled(line["quantity_e4"], QUANTITY_PLACES),
        "amount": format_scaled(line["amount_fen"], FEN_PLACES),
        "day": date_of_day(line["day"]).isoformat(),
        "approved": line.get("hospital_approved") == APPROVED,
    }
    row = desk.reference.item(line["item_code"], visit.care_region, line["day"])
    if row is None:
        _check_unknown(scheme, line)
        return told | {"class": "C"}
    level = desk.reference.institution(visit.institution_id)["price_level"]
    ceiling, share = row[f"ceiling_price_{level}_e6"], row["first_share_ppm"]
    told |= {
        "class": ItemClass(row["item_class"]).name,
        "category": ItemCategory(row["category"]).name.lower(),
        "groups": (row["groups"] or "").split(),
    }
    if ceiling is not None:
        told["ceiling_price"] = format_scaled(ceiling, PRICE_PLACES)
    if share is not None:
        told["first_share"] = f"{format_scaled(share, PERCENT_PLACES)}%"
    return told


def _check_unknown(scheme: Scheme, line: Mapping[str, Any]) -> None:
    for entry in scheme.line_entries:
        if entry.begins <= line["day"] < entry.ends and entry.rejects_unknown:
            raise ClaimError(
                "unknown_item",
                f"目录中没有项目 {line['item_code']}，政策规定不予受理；请核对目录对照",
                f"the catalogue has no item {line['item_code']}, and the policy refuses it",
            )
