"""A form in parts, as which many clients send a file, read as the one envelope that it is."""

import base64
import json
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from api.national.envelope import read_object
from engine.errors import ClaimError
from engine.wire.fields import by_english

FORM = "multipart/form-data"
ENVELOPE, FILE = "jsonStr", "file"
INPUT, UPLOAD = "input", "fsUploadIn"


def envelope_of(content_type: str, body: bytes) -> bytes:
    """Return the envelope that a body is, the bytes of a form's file within it in Base64.

    Args:
        content_type: as the request states it; all but a form is the envelope itself.
        body: as it was sent.

    Raises:
        ClaimError: `envelope_format`, a form without the envelope or without the file.
    """
    if not content_type.lower().startswith(FORM):
        return body
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    form = BytesParser(EmailMessage, policy=HTTP).parsebytes(head + body)
    parts: dict[Any, EmailMessage] = {
        part.get_param("name", header="content-disposition"): part
        for part in form.walk()
        if not part.is_multipart()
    }
    if ENVELOPE not in parts or FILE not in parts:
        raise ClaimError(
            "envelope_format",
            f"表单须有 {ENVELOPE} 与 {FILE} 两部分，未作任何处理；请改正后重发",
            f"the form lacks {ENVELOPE} or {FILE}, nothing was done; correct it and send it again",
        )
    envelope = read_object(_content(parts[ENVELOPE]))
    given = envelope.get(INPUT)
    blocks: dict[str, Any] = given if isinstance(given, dict) else {}
    told = blocks.get(UPLOAD)
    fields = by_english("file")
    file = {
        fields["file_name"].code: parts[FILE].get_filename(),
        **(told if isinstance(told, dict) else {}),
        fields["content"].code: base64.b64encode(_content(parts[FILE])).decode(),
    }
    return json.dumps(envelope | {INPUT: blocks | {UPLOAD: file}}).encode()


def _content(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""
