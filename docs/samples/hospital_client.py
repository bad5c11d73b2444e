"""定点机构接口程序的样例，只用标准库 | a hospital's program in the standard library alone.

    python3 hospital_client.py --url http://127.0.0.1:8000 --institution CODE \
        --access-key KEY --secret-file FILE

It settles one out-patient visit of the sandbox's person SB-OK and cancels it again.
"""

import argparse
import base64
import hmac
import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

SERVICE = "/fsi/api/rsfComIfsService/callService"
ATTEMPTS, TIMEOUT_SECONDS, PAUSE_SECONDS = 5, 30, 1.0
SEND_AGAIN = ("unavailable", "database_unavailable", "too_many_requests")
"""Refusals after which the very same message is to be sent again."""

Message = dict[str, Any]


class RefusedError(Exception):
    """The platform refused a message; `code` is what a program may rely on."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.code = text.split(" ", 1)[0]


class Client:
    """Speaks the national form for one institution."""

    def __init__(self, url: str, institution: str, access_key: str, secret: str) -> None:
        self._url = url.rstrip("/") + SERVICE
        self._institution = institution
        self._access_key = access_key
        self._secret = secret
        self._last_ms = 0
        self._serial = int(time.time() * 1000) % 10_000

    def ask(self, number: str, operator: str = "001", **blocks: Any) -> Message:
        """Return the output of a transaction; a lost answer is asked for under the same msgid."""
        message = self.message(number, operator, blocks)
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(PAUSE_SECONDS)
            answer = self._sent(message)
            if answer is None:
                continue
            if str(answer["infcode"]) == "0":
                output: Message = answer["output"]
                return output
            refused = RefusedError(str(answer["err_msg"]))
            if refused.code not in SEND_AGAIN:
                raise refused
        text = "unavailable: after several attempts; ask 5203, or reverse the message with 2601"
        raise RefusedError(text)

    def message(self, number: str, operator: str, blocks: Message) -> Message:
        """Return a message under an id of its own: 12 of institution, 14 of time, 4 of serial."""
        self._serial = (self._serial + 1) % 10_000
        now = time.strftime("%Y%m%d%H%M%S")
        return {
            "infno": number,
            "msgid": f"{self._institution:0<12.12}{now}{self._serial:04d}",
            "mdtrtarea_admvs": "610100",
            "insuplc_admdvs": "610100",
            "recer_sys_code": "SAMPLE",
            "infver": "V1.0",
            "opter_type": "1",
            "opter": operator,
            "inf_time": time.strftime("%Y-%m-%d %H:%M:%S"),
            "fixmedins_code": self._institution,
            "input": blocks,
        }

    def _sent(self, message: Message) -> Message | None:
        """Return the answer, or None where the network does not tell what became of it."""
        body = json.dumps(message, ensure_ascii=False).encode()
        headers = self._signed() | {"Content-Type": "application/json"}
        request = urllib.request.Request(self._url, body, headers)  # noqa: S310 - the user's URL
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                told: Message = json.loads(answer.read())
                return told
        except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError):
            return None

    def _signed(self) -> dict[str, str]:
        # A signature serves once, so no two requests carry the same millisecond.
        self._last_ms = max(self._last_ms + 1, int(time.time() * 1000))
        headers = {
            "_api_access_key": self._access_key,
            "_api_name": "callService",
            "_api_timestamp": str(self._last_ms),
            "_api_version": "1.0",
        }
        text = "&".join(f"{name}={headers[name]}" for name in sorted(headers))
        digest = hmac.digest(self._secret.encode(), text.encode(), "sha1")
        return headers | {"_api_signature": base64.b64encode(digest).decode()}


def settle_and_cancel(client: Client, operator: str) -> Message:
    """Return what the fund paid of a visit, and what its cancellation gave back."""
    client.ask("9001", signIn={"opter_no": operator})
    person = {"psn_no": "SB-OK", "insutype": "310"}
    day = {"begntime": "2024-03-01 08:00:00"}
    entitled = client.ask("2001", data=person | day)["trtinfo"][0]["trt_enjymnt_flag"]
    made = client.ask("2201", data=person | day | {"ipt_otp_no": "MZ0001"})["data"]
    visit = person | {"mdtrt_id": made["mdtrt_id"]}
    client.ask("2203", mdtrtinfo=visit | day | {"med_type": "11", "dise_codg": "J06.900"})
    line = {
        "feedetl_sn": "1",
        "chrg_bchno": "1",
        "fee_ocur_time": "2024-03-01 08:00:00",
        "med_list_codg": "SB-A",
        "det_item_fee_sumamt": "600.00",
        "cnt": "2",
        "pric": "300.00",
    }
    client.ask("2204", feedetail=[visit | line])
    bill = visit | {"chrg_bchno": "1", "medfee_sumamt": "600.00", "acct_used_flag": "0"}
    shown = client.ask("2206", data=bill)["setlinfo"]
    settled = client.ask("2207", operator, data=bill)["setlinfo"]
    named = visit | {"setl_id": settled["setl_id"]}
    kept = client.ask("5203", data=named)["setlinfo"]
    undone = client.ask("2208", data=named)["setlinfo"]
    told = {"shown": shown, "settled": settled, "kept": kept, "undone": undone}
    paid = {name: one["fund_pay_sumamt"] for name, one in told.items()}
    return paid | {"entitled": entitled, "settlement": settled["setl_id"]}


def main() -> None:
    """Settle one visit, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--url", "--institution", "--access-key", "--secret-file"):
        parser.add_argument(name, required=True)
    parser.add_argument("--operator", default="001", help="who settles; SB-LOST loses the answer")
    told = parser.parse_args()
    secret = Path(told.secret_file).read_text(encoding="utf-8").strip()
    client = Client(told.url, told.institution, told.access_key, secret)
    sys.stdout.write(json.dumps(settle_and_cancel(client, told.operator)) + "\n")


if __name__ == "__main__":
    main()
