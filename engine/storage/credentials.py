"""The keys that institutions sign their requests with, and the requests that were seen."""

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from engine.errors import StorageError
from engine.storage.audit import Change, append
from engine.storage.database import Database
from engine.storage.metadata import METADATA
from engine.storage.national_crypto import sm2_pair, sm2_public_key

LIVE_KEYS = 2
"""How many keys an institution may hold at once: the old one serves until the new one is in."""

SECRET_BYTES = 32
ACCESS_KEY_BYTES = 12


class SignatureScheme(StrEnum):
    """How the holder of a key signs. The texts are stored: never change one."""

    GATEWAY = "gateway-hmac-sha1"
    TOKEN = "tif-sha256"  # noqa: S105 - a name, no secret
    SM3_MAC = "sm3-mac"
    SM_ENVELOPE = "sm2-sm4-envelope"


INSTITUTION_KEYS = sa.Table(
    "institution_keys",
    METADATA,
    sa.Column("access_key", sa.String(64), primary_key=True),
    sa.Column("institution_id", sa.String(64), nullable=False, index=True),
    sa.Column("secret", sa.String(128), nullable=False),
    sa.Column("issued_at", sa.BigInteger, nullable=False),
    sa.Column("revoked_at", sa.BigInteger, nullable=True),
    sa.Column("scheme", sa.String(32), nullable=False, server_default=SignatureScheme.GATEWAY),
    sa.Column("public_key", sa.String(128), nullable=False, server_default=""),
    sa.Column("platform_public_key", sa.String(128), nullable=False, server_default=""),
    sa.Column("platform_private_key", sa.String(64), nullable=False, server_default=""),
    sa.Column("sandbox", sa.Boolean, nullable=False, server_default=sa.false()),
)

REQUESTS_SEEN = sa.Table(
    "requests_seen",
    METADATA,
    sa.Column("access_key", sa.String(64), primary_key=True),
    sa.Column("signature", sa.String(128), primary_key=True),
    sa.Column("seen_at", sa.BigInteger, nullable=False, index=True),
)

# Each request asks these; to make a statement takes longer than to carry it out.
_LIVE_KEY = sa.select(INSTITUTION_KEYS).where(
    INSTITUTION_KEYS.c.access_key == sa.bindparam("key"), INSTITUTION_KEYS.c.revoked_at.is_(None)
)
_FORGET = sa.delete(REQUESTS_SEEN).where(REQUESTS_SEEN.c.seen_at < sa.bindparam("before"))
_REMEMBER = sa.insert(REQUESTS_SEEN)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a key is issued for.

    Attributes:
        scheme: how its holder signs.
        public_key: the holder's SM2 key, for the scheme that asks for one.
        sandbox: it opens the sandbox alone, and no money.
    """

    scheme: SignatureScheme = SignatureScheme.GATEWAY
    public_key: str = ""
    sandbox: bool = False


@dataclass(frozen=True, slots=True)
class Credential:
    """A key and its secrets; `repr` does not show them, so no log can.

    Attributes:
        public_key: verifies what the institution signs, where the scheme is one of key pairs.
        platform_public_key, platform_private_key: the pair that signs our answers to it.
    """

    institution_id: str
    access_key: str
    secret: str
    scheme: SignatureScheme = SignatureScheme.GATEWAY
    public_key: str = ""
    platform_public_key: str = ""
    platform_private_key: str = ""
    sandbox: bool = False

    def __repr__(self) -> str:
        return f"Credential({self.institution_id!r}, {self.access_key!r})"


def issue(
    database: Database, institution_id: str, now: int, actor: str, terms: Terms | None = None
) -> Credential:
    """Give an institution a new key; the one before goes on to serve until it is revoked.

    Raises:
        StorageError: `keys_in_use`, it holds as many as it may; `other_side`, its live keys are
            of the sandbox and this one is not, or the other way round; or what the scheme lacks.
    """
    made = _made(institution_id, Terms() if terms is None else terms)
    with database.transaction() as connection:
        live = _live(connection, institution_id)
        if len(live) >= LIVE_KEYS:
            raise StorageError(
                "keys_in_use",
                f"机构 {institution_id} 已有 {LIVE_KEYS} 个有效密钥；请先停用旧的再发新的",
                f"the institution {institution_id} holds {LIVE_KEYS} live keys; revoke one first",
                institution=institution_id,
            )
        if any(row.sandbox != made.sandbox for row in live):
            raise StorageError(
                "other_side",
                f"机构 {institution_id} 的有效密钥在沙箱与正式环境的另一边；沙箱请用另一机构编号",
                f"the live keys of {institution_id} are on the other side of the sandbox; use "
                "another code there",
                institution=institution_id,
            )
        row = {name: getattr(made, name) for name in Credential.__slots__}
        connection.execute(
            sa.insert(INSTITUTION_KEYS).values(**row, issued_at=now, revoked_at=None)
        )
        content = {"access_key": made.access_key, "scheme": str(made.scheme)}
        change = Change("issue_key", f"institution {institution_id}", actor, content)
        append(connection, [change], now)
    return made


def _made(institution_id: str, terms: Terms) -> Credential:
    sealed = terms.scheme is SignatureScheme.SM_ENVELOPE
    ours = sm2_pair() if sealed else ("", "")
    return Credential(
        institution_id=institution_id,
        access_key=secrets.token_hex(ACCESS_KEY_BYTES),
        secret=secrets.token_urlsafe(SECRET_BYTES),
        scheme=terms.scheme,
        public_key=sm2_public_key(terms.public_key) if sealed else "",
        platform_public_key=ours[0],
        platform_private_key=ours[1],
        sandbox=terms.sandbox,
    )


def revoke(database: Database, access_key: str, now: int, actor: str) -> str:
    """Let a key serve no more, and return whose it was.

    Raises:
        StorageError: `no_such_key`, no live key has this name.
    """
    with database.transaction() as connection:
        row = connection.execute(
            sa.select(INSTITUTION_KEYS.c.institution_id).where(
                INSTITUTION_KEYS.c.access_key == access_key,
                INSTITUTION_KEYS.c.revoked_at.is_(None),
            )
        ).one_or_none()
        if row is None:
            raise StorageError(
                "no_such_key",
                f"没有有效密钥 {access_key}；请用 jiesuan institution keys 查看",
                f"there is no live key {access_key}; see jiesuan institution keys",
            )
        connection.execute(
            sa.update(INSTITUTION_KEYS)
            .where(INSTITUTION_KEYS.c.access_key == access_key)
            .values(revoked_at=now)
        )
        subject = f"institution {row.institution_id}"
        append(connection, [Change("revoke_key", subject, actor, {"access_key": access_key})], now)
    return str(row.institution_id)


def live_keys(database: Database, institution_id: str) -> list[str]:
    """Return the access keys that serve an institution, the oldest first."""
    with database.reading() as connection:
        return [row.access_key for row in _live(connection, institution_id)]


def credential(database: Database, access_key: str) -> Credential | None:
    """Return a live key with its secret, or None."""
    with database.reading() as connection:
        row = connection.execute(_LIVE_KEY, {"key": access_key}).one_or_none()
    if row is None:
        return None
    told = {name: getattr(row, name) for name in Credential.__slots__}
    return Credential(**told | {"scheme": SignatureScheme(row.scheme)})


def first_seen(
    database: Database, access_key: str, signature: str, now: int, window_seconds: int
) -> bool:
    """Remember a signed request, and return whether it is the first of its signature.

    What is older than the window is forgotten: its timestamp refuses it anyhow.
    """
    with database.transaction() as connection:
        connection.execute(_FORGET, {"before": now - 2 * window_seconds})
        try:
            with connection.begin_nested():
                row = {"access_key": access_key, "signature": signature, "seen_at": now}
                connection.execute(_REMEMBER, row)
        except sa.exc.IntegrityError:
            return False
    return True


def _live(connection: sa.Connection, institution_id: str) -> list[sa.Row[Any]]:
    c = INSTITUTION_KEYS.c
    query = sa.select(c.access_key, c.sandbox).where(
        c.institution_id == institution_id, c.revoked_at.is_(None)
    )
    return list(connection.execute(query.order_by(c.issued_at, c.access_key)))
