"""The keys that institutions sign their requests with, and the requests that were seen."""

import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from engine.errors import StorageError
from engine.storage.audit import Change, append
from engine.storage.database import Database
from engine.storage.metadata import METADATA

LIVE_KEYS = 2
"""How many keys an institution may hold at once: the old one serves until the new one is in."""

SECRET_BYTES = 32
ACCESS_KEY_BYTES = 12

INSTITUTION_KEYS = sa.Table(
    "institution_keys",
    METADATA,
    sa.Column("access_key", sa.String(64), primary_key=True),
    sa.Column("institution_id", sa.String(64), nullable=False, index=True),
    sa.Column("secret", sa.String(128), nullable=False),
    sa.Column("issued_at", sa.BigInteger, nullable=False),
    sa.Column("revoked_at", sa.BigInteger, nullable=True),
)

REQUESTS_SEEN = sa.Table(
    "requests_seen",
    METADATA,
    sa.Column("access_key", sa.String(64), primary_key=True),
    sa.Column("signature", sa.String(128), primary_key=True),
    sa.Column("seen_at", sa.BigInteger, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class Credential:
    """A key and its secret; `repr` does not show the secret, so no log can."""

    institution_id: str
    access_key: str
    secret: str

    def __repr__(self) -> str:
        return f"Credential({self.institution_id!r}, {self.access_key!r})"


def issue(database: Database, institution_id: str, now: int, actor: str) -> Credential:
    """Give an institution a new key; the one before goes on to serve until it is revoked.

    Raises:
        StorageError: `keys_in_use`, it holds as many as it may.
    """
    credential = Credential(
        institution_id, secrets.token_hex(ACCESS_KEY_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    )
    with database.transaction() as connection:
        if len(_live(connection, institution_id)) >= LIVE_KEYS:
            raise StorageError(
                "keys_in_use",
                f"机构 {institution_id} 已有 {LIVE_KEYS} 个有效密钥；请先停用旧的再发新的",
                f"the institution {institution_id} holds {LIVE_KEYS} live keys; revoke one first",
                institution=institution_id,
            )
        connection.execute(
            sa.insert(INSTITUTION_KEYS).values(
                access_key=credential.access_key,
                institution_id=institution_id,
                secret=credential.secret,
                issued_at=now,
                revoked_at=None,
            )
        )
        subject = f"institution {institution_id}"
        content = {"access_key": credential.access_key}
        append(connection, [Change("issue_key", subject, actor, content)], now)
    return credential


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
        return _live(connection, institution_id)


def credential(database: Database, access_key: str) -> Credential | None:
    """Return a live key with its secret, or None."""
    with database.reading() as connection:
        row = connection.execute(
            sa.select(INSTITUTION_KEYS).where(
                INSTITUTION_KEYS.c.access_key == access_key,
                INSTITUTION_KEYS.c.revoked_at.is_(None),
            )
        ).one_or_none()
    return None if row is None else Credential(row.institution_id, row.access_key, row.secret)


def first_seen(
    database: Database, access_key: str, signature: str, now: int, window_seconds: int
) -> bool:
    """Remember a signed request, and return whether it is the first of its signature.

    What is older than the window is forgotten: its timestamp refuses it anyhow.
    """
    with database.transaction() as connection:
        connection.execute(
            sa.delete(REQUESTS_SEEN).where(REQUESTS_SEEN.c.seen_at < now - 2 * window_seconds)
        )
        try:
            with connection.begin_nested():
                connection.execute(
                    sa.insert(REQUESTS_SEEN).values(
                        access_key=access_key, signature=signature, seen_at=now
                    )
                )
        except sa.exc.IntegrityError:
            return False
    return True


def _live(connection: sa.Connection, institution_id: str) -> list[str]:
    keys = connection.scalars(
        sa.select(INSTITUTION_KEYS.c.access_key)
        .where(
            INSTITUTION_KEYS.c.institution_id == institution_id,
            INSTITUTION_KEYS.c.revoked_at.is_(None),
        )
        .order_by(INSTITUTION_KEYS.c.issued_at, INSTITUTION_KEYS.c.access_key)
    )
    return list(keys)
