"""How a request proves which institution sends it: the one seam between schemes and routes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from api.national.header_schemes import (
    GATEWAY_SCHEME,
    MAC_SCHEME,
    TOKEN_SCHEME,
    gateway_signature,
)
from api.national.sealed_scheme import SEALED_SCHEME
from api.national.signed import Received, Scheme, not_signed
from engine.errors import ClaimError
from engine.storage.credentials import Credential, SignatureScheme, credential, first_seen
from engine.storage.database import Database

WINDOW_SECONDS = 300
MILLISECONDS = 1000

SCHEMES: Mapping[SignatureScheme, Scheme] = MappingProxyType(
    {
        SignatureScheme.GATEWAY: GATEWAY_SCHEME,
        SignatureScheme.TOKEN: TOKEN_SCHEME,
        SignatureScheme.SM3_MAC: MAC_SCHEME,
        SignatureScheme.SM_ENVELOPE: SEALED_SCHEME,
    }
)
"""How the holders of keys sign; which one holds for a key is stored with it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A request whose signature is right.

    Attributes:
        sender: the institution that signed.
        sandbox: its key opens the sandbox alone.
        body: as it was before it was sealed.
        seal: makes of an answer's bytes what the sender reads.
    """

    sender: str
    sandbox: bool
    body: bytes
    seal: Callable[[bytes], bytes]


def verified(
    request: Received, database: Database, now: int, admit: Callable[[str], None]
) -> Opened:
    """Return a request opened, once it is known who signed it.

    Args:
        request: as it came.
        database: holds the keys, and what was seen.
        now: seconds of universal time.
        admit: is told who it is, and refuses whoever must wait.

    Raises:
        ClaimError: `not_signed`, `signature_expired`, `signature_wrong`, `request_replayed`, or
            what `admit` raises. An unknown key, another scheme than the key's own and a wrong
            signature are told alike.
    """
    name = next((name for name, scheme in SCHEMES.items() if scheme.fits(request)), None)
    if name is None:
        raise not_signed("_api_signature")
    scheme = SCHEMES[name]
    claimed = scheme.read(request)
    if abs(now * MILLISECONDS - claimed.timestamp_ms) > WINDOW_SECONDS * MILLISECONDS:
        raise ClaimError(
            "signature_expired",
            f"时间戳与本机相差超过 {WINDOW_SECONDS} 秒；请校准时钟后重新签名",
            f"the timestamp is more than {WINDOW_SECONDS} s off; set the clock and sign again",
        )
    found = credential(database, claimed.access_key)
    known = found if found is not None else Credential("", claimed.access_key, "-")
    right = scheme.proves(request, known)
    if found is None or found.scheme is not name or not right:
        raise ClaimError(
            "signature_wrong",
            "签名不符，或密钥不存在、已停用、签名方式不是该密钥的；请核对 access key 与密钥",
            "the signature does not match, or the key is unknown, revoked or of another scheme",
        )
    admit(found.institution_id)
    if not first_seen(database, claimed.access_key, claimed.once, now, WINDOW_SECONDS):
        raise ClaimError(
            "request_replayed",
            "此签名已用过一次；每次请求须用新的时间戳签名，报文重发时报文号不变即可",
            "this signature was used before; sign each request anew, the msgid may stay",
        )
    return Opened(
        sender=found.institution_id,
        sandbox=found.sandbox,
        body=scheme.opens(request, found),
        seal=lambda answer: scheme.seals(answer, found, now * MILLISECONDS),
    )


def signed_headers(credential_: Credential, name: str, timestamp_ms: int) -> dict[str, str]:
    """Return the headers of a gateway's client; for tests and for our own role as one."""
    headers = {
        "_api_name": name,
        "_api_version": "1.0",
        "_api_timestamp": str(timestamp_ms),
        "_api_access_key": credential_.access_key,
    }
    request = Received("", "", headers, b"")
    return headers | {"_api_signature": gateway_signature(request, credential_.secret)}
