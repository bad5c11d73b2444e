"""The command `jiesuan manual`: one claim by hand, from the papers to the money."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipelines.commands.options import LAKE, ORDER_EVENTS, Became, By, Day, Json, LakePath, Policies
from pipelines.commands.output import officer, print_json

if TYPE_CHECKING:
    from engine.cases.manual import ManualClaim
    from engine.storage.cases import Officer

PARTS = 3

manual_app = typer.Typer(
    help="手工（零星）报销：收件、录入、核查、结算、复核、支付。\n\nClaims by hand.",
    no_args_is_help=True,
)

Claim = Annotated[str, typer.Argument(help="申领编号，如 M20240301-0001 | name of the claim")]
Papers = Annotated[
    list[str],
    typer.Option(
        "--paper",
        help="收到的材料，可多次 | receipt, itemised_list, diagnosis, records; again for each",
    ),
]
Reason = Annotated[str, typer.Option(help="理由 | why")]
Workdays = Annotated[
    Path | None,
    typer.Option(
        envvar="JIESUAN_WORKDAYS", exists=True, dir_okay=False, help="本局的工作日历 | our workdays"
    ),
]


@manual_app.command()
def receive(
    insured: Annotated[
        str, typer.Argument(help="区划/险种/人员编号，如 610100/employee/E1 | region/scheme/person")
    ],
    by: By,
    kind: Annotated[
        Literal["medical", "allowance", "work_injury"], typer.Option(help="哪一类 | kind")
    ] = "medical",
    papers: Papers = [],  # noqa: B006 - typer reads it, nobody changes it
    on: Day = None,
    lake: LakePath = LAKE,
) -> None:
    """收件：登记材料，告知缺哪些、何时办结。只收法定材料。

    Receive papers; tells the claim's name. No paper is taken that the law does not ask for.
    """
    from engine.storage.manual import receive as receive_papers
    from pipelines.desk import opened

    region, scheme, person = _insured(insured)
    content = {"person": person, "region": region, "scheme": scheme, "kind": kind, "papers": papers}
    with opened(lake) as ledger:
        key = receive_papers(ledger.database, officer(by, on), content)
    typer.echo(key.case_id)


@manual_app.command("add-papers")
def add_papers(claim: Claim, by: By, papers: Papers, on: Day = None, lake: LakePath = LAKE) -> None:
    """补收材料 | take papers that came later."""
    _step(claim, "papers_added", officer(by, on), lake, {"papers": papers})


@manual_app.command()
def enter(
    claim: Claim,
    file: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="录入文件 | entry file")],
    by: By,
    on: Day = None,
    lake: LakePath = LAKE,
    policies: Policies = None,
) -> None:
    """录入票据与费用。文件有 invoices、institution、person、event，后两项写法同案例文件。

    Enter invoices and bill: a file with invoices, institution, and person and event of a case file.
    """
    from engine.storage.manual import enter as enter_bill
    from pipelines.desk import compiled, opened
    from pipelines.files.cases import read_entry

    entry = read_entry(file)
    with opened(lake) as ledger:
        _tell(enter_bill(ledger.database, compiled(policies), claim, officer(by, on), entry))


@manual_app.command()
def check(claim: Claim, by: By, on: Day = None, lake: LakePath = LAKE) -> None:
    """核查：票据是否用过，同期是否已联网结算。

    Look for its invoices in other claims and its days among online settlements.
    """
    from engine.storage.manual import check as check_claim
    from pipelines.desk import opened, settled_online

    with opened(lake) as ledger:
        online = settled_online(ledger, claim)
        _tell(check_claim(ledger.database, claim, officer(by, on), online))


@manual_app.command()
def settle(
    claim: Claim, by: By, on: Day = None, lake: LakePath = LAKE, policies: Policies = None
) -> None:
    """结算，计入本人累计；款项应付给本人。

    Settle it into the person's year; what the funds pay is owed to the person.
    """
    from engine.storage.manual import settle as settle_claim
    from pipelines.desk import compiled, opened

    with opened(lake) as ledger:
        _tell(settle_claim(ledger.database, compiled(policies), claim, officer(by, on)))


@manual_app.command()
def approve(claim: Claim, by: By, on: Day = None, lake: LakePath = LAKE) -> None:
    """复核通过，须由录入、结算以外的人 | approve; by another person than entered or settled it."""
    _step(claim, "approved", officer(by, on), lake, {})


@manual_app.command("send-back")
def send_back(
    claim: Claim,
    by: By,
    reason: Reason,
    on: Day = None,
    lake: LakePath = LAKE,
    policies: Policies = None,
) -> None:
    """复核退回重录，撤销其结算 | send it back; its settlement is cancelled."""
    from engine.storage.manual import send_back as send_claim_back
    from pipelines.desk import compiled, opened

    clerk = officer(by, on)
    with opened(lake) as ledger:
        _tell(send_claim_back(ledger.database, compiled(policies), claim, clerk, reason))


@manual_app.command()
def refuse(claim: Claim, by: By, reason: Reason, on: Day = None, lake: LakePath = LAKE) -> None:
    """拒付，须说明理由 | refuse it, with the reason."""
    _step(claim, "refused", officer(by, on), lake, {"reason": reason})


@manual_app.command()
def pay(
    claim: Claim,
    became: Became,
    by: By,
    on: Day = None,
    lake: LakePath = LAKE,
) -> None:
    """支付单：发出，到账，或被银行退回 | the payment order: sent, paid, or returned."""
    from engine.storage.manual import pay as pay_claim
    from pipelines.desk import opened

    name = ORDER_EVENTS[became]
    with opened(lake) as ledger:
        _tell(pay_claim(ledger.database, claim, name, officer(by, on)))


@manual_app.command()
def show(
    claim: Claim, lake: LakePath = LAKE, workdays: Workdays = None, as_json: Json = False
) -> None:
    """查看一件：现状、办结期限、每一步由谁在何日所为。

    Show a claim: where it stands, by when it is decided, who did what on which day.
    """
    from engine.cases.manual import LIFE
    from engine.storage.case_steps import read_case
    from engine.workdays import load_calendar
    from pipelines.desk import opened
    from pipelines.reports.cases import told_event
    from pipelines.reports.manual import print_claim, told_claim

    with opened(lake) as ledger:
        found, events = read_case(ledger.database, LIFE, claim)
    answer = told_claim(claim, found, load_calendar(workdays)) | {
        "events": [told_event(event) for event in events]
    }
    print_json(answer) if as_json else print_claim(answer)


@manual_app.command("list")
def list_claims(
    on: Day = None, lake: LakePath = LAKE, workdays: Workdays = None, as_json: Json = False
) -> None:
    """未办结的申领，按期限先后；逾期的标明 | claims not decided, by their deadline."""
    from engine.workdays import load_calendar
    from pipelines.desk import opened, undecided
    from pipelines.reports.manual import print_claims, told_waiting

    today = officer("", on).on
    with opened(lake) as ledger:
        rows = told_waiting(undecided(ledger), load_calendar(workdays), today)
    print_json({"claims": rows}) if as_json else print_claims(rows)


def _insured(text: str) -> list[str]:
    parts = text.split("/")
    if len(parts) != PARTS or not all(parts):
        message = f"须写成 区划/险种/人员编号 | write region/scheme/person: {text}"
        raise typer.BadParameter(message)
    return parts


def _step(claim: str, name: str, clerk: "Officer", lake: Path, content: dict[str, object]) -> None:
    from engine.storage.manual import step
    from pipelines.desk import opened

    with opened(lake) as ledger:
        _tell(step(ledger.database, claim, name, clerk, content))


def _tell(claim: "ManualClaim") -> None:
    from pipelines.reports.manual import print_state

    print_state(claim)
