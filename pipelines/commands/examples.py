"""One line to paste for every command: the end of its --help."""

import typer
from typer.models import CommandInfo

LINES = """
evaluate --json
detect --providers providers.csv --out ranking.csv
sample --frame frame.csv --size 60 --seed 7 --worksheet worksheet.csv
freeze --out ref/unit_references.json
leads institution --place 1
night --date 2024-03-31 --input in/ --reference ref/
settle stay.yaml
verify receipt.json stay.yaml
explain 20240331000000013410 --lang zh
serve --port 8000
make-city city/ --claims 20000 --date 2024-03-31
demo --folder var/demo
policy check policies/
policy show 610100 employee --date 2024-03-31
policy diff policies/ draft/
policy coverage --region 610100
policy new 610100 employee --name 西安市 --out policies/
bench settle --claims 100000
audit verify --json
db upgrade --lake var/lake
db check --lake var/lake --json
registers load --reference ref/ --lake var/lake
manual receive 610100/employee/E1 --paper receipt --paper itemised_list --by 张
manual add-papers M20240304-0001 --paper diagnosis --paper records --by 张
manual enter M20240304-0001 --file entry.yaml --by 张
manual check M20240304-0001 --by 张
manual settle M20240304-0001 --by 张
manual approve M20240304-0001 --by 李
manual send-back M20240304-0001 --reason 票据金额录错 --by 李
manual refuse M20240304-0001 --reason 已联网结算 --by 李
manual pay M20240304-0001 --state sent --by 王
manual show M20240304-0001
manual list --json
injury report E1 --region 610100 --injured-on 2024-02-10 --by 张
injury decide I20240304-0001 --result recognised --decision 西人社工伤认〔2024〕5号 --by 李
injury take-over I20240304-0001 bill.yaml --by 张
injury show I20240304-0001
officer grant 张 --role injury_reception --by 主任
officer withdraw 张 --role injury_reception --by 主任
officer show 张
payments state medical/610100 --month 2024-03 --by 王
payments show MEDICAL-610100-202403-H1
payments provider 610100/H1 --month 2024-03
payments pay MEDICAL-610100-202403-H1 --state sent --by 王
payments close-month 2024-03 --by 王
payments hold 610100/H1 --decision 西医保停〔2024〕7号 --heard 2024-04-01 --by 李
payments release H20240405-0001 --by 李
clearing day --date 2024-03-31
clearing month 610100/460000 --month 2024-03 --out 2024-03.json --by 张
clearing confirm 2024-03.json --by 张
clearing mark care-610100-460000-202403 --state confirmed --by 张
clearing show care-610100-460000-202403
clearing dispute C1 --deduct pool=100.00 --reason 超限价 --by 张
clearing prepay 610100/460000 --role care --amount 500000.00 --by 张
clearing balance --date 2024-03-31
clearing resume --counterparties counterparties.yaml
recovery propose recovery.yaml --by 张
recovery step R20240304-0001 received --say 3000.00 --by 王
recovery set-off R20240304-0001 M20240304-0002 --by 王
recovery set-off-account R20240304-0001 --by 李
recovery show R20240304-0001
recovery after-end E1 --kind death --ended-on 2024-03-09
recovery assess fact.yaml --json
inquiry open inquiry.yaml --by 安
inquiry remind Q20260501-0001 --by 安
inquiry hear Q20260501-0001 --statement 系统重复上传 --by 安
inquiry purpose Q20260501-0001 --fact resale --acted-on 2026-04-02 --original statement --by 安
inquiry raise Q20260501-0001 --to violation --clause 第三十八条 --reason 病历与费用不符 --by 安
inquiry lower Q20260501-0001 --to breach --reason 申辩成立 --by 蔡
inquiry decide Q20260501-0001 --decision 〔2026〕5号 --by 蔡
inquiry transfer Q20260501-0001 --receipt 〔2026〕8号 --by 蔡
inquiry close Q20260501-0001 --reason 查无其事 --by 蔡
inquiry facts
inquiry show Q20260501-0001
rules import 药品区分性别使用.xlsx
rules list
rules test
rules replay duplicate_settlement:20240331000000013410
rules run --only duplicate_settlement --as-of 2024-03-31
rules loss 20240331000000013410
rules measure --claims 20000 --seed 1
rings list --sightings sightings.parquet
rings evaluate --persons 20000
institution add H43010000001
institution keys H43010000001
institution revoke AK0123456789
"""
EXAMPLES = tuple(LINES.split("\n")[1:-1])


def attach_examples(app: typer.Typer) -> None:
    """Put its line at the end of the help of every command of the application."""
    for command in app.registered_commands:
        _attach("", command)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            for command in group.typer_instance.registered_commands:
                _attach(f"{group.name} ", command)


def _attach(group: str, command: CommandInfo) -> None:
    name = command.name or getattr(command.callback, "__name__", "")
    for line in EXAMPLES:
        if f"{line} ".startswith(f"{group}{name} "):
            # The mark keeps the line whole, so that it can be pasted.
            command.epilog = f"\b\n例 | example:\n  jiesuan {line}"
