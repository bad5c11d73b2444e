"""A hospital's program that speaks the national form to the service in process."""

import itertools
import json
import time
from pathlib import Path
from typing import Any

from api.national.signatures import signed_headers
from engine.storage.credentials import Credential, issue, live_keys, revoke
from engine.storage.lake import Lake
from tests.http_client import TestClient
from tests.stamps import next_stamp

SERVICE = "/fsi/api/rsfComIfsService/callService"
SERIALS = itertools.count(1)
Message = dict[str, Any]


class Hospital:
    """A hospital's program; every message has an id of its own unless it is told one."""

    def __init__(self, client: TestClient, credential: Credential) -> None:
        self.client = client
        self.credential = credential

    def message(self, number: str, blocks: Message, **changed: Any) -> Message:
        serial = next(SERIALS)
        return {
            "infno": number,
            "msgid": f"{self.credential.institution_id:0<12}20240301080000{serial:04d}",
            "mdtrtarea_admvs": "610100",
            "insuplc_admdvs": "610100",
            "recer_sys_code": "YBXT",
            "dev_no": "",
            "dev_safe_info": None,
            "cainfo": "null",
            "signtype": "",
            "infver": "V1.0",
            "opter_type": "1",
            "opter": "001",
            "opter_name": "",
            "inf_time": "2024-03-01 08:00:00",
            "fixmedins_code": self.credential.institution_id,
            "fixmedins_name": "",
            "sign_no": "",
            "input": blocks,
        } | changed

    def send(self, message: Message, path: str = SERVICE) -> bytes:
        stamp = next_stamp()
        headers = signed_headers(self.credential, "callService", stamp)
        body = json.dumps(message, ensure_ascii=False).encode()
        answer = self.client.post(
            path, content=body, headers=headers | {"Content-Type": "text/plain"}
        )
        assert answer.status_code == 200, answer.text
        return bytes(answer.content)

    def ask(self, number: str, **blocks: Any) -> Message:
        told: Message = json.loads(self.send(self.message(number, blocks)))
        assert told["infcode"] == "0", told["err_msg"]
        output: Message = told["output"]
        return output

    def refused(self, number: str, **blocks: Any) -> str:
        told = json.loads(self.send(self.message(number, blocks)))
        assert told["infcode"] == "-1"
        return str(told["err_msg"]).split(" ", 1)[0]


def keyed(client: TestClient, lake: Path, name: str) -> Hospital:
    database = Lake(lake).database
    for key in live_keys(database, name):
        revoke(database, key, 0, "operator")
    return Hospital(client, issue(database, name, int(time.time()), "operator"))
