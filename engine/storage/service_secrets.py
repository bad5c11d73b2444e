"""Secrets that the service makes for itself, the same for all who serve one database."""

import secrets

import sqlalchemy as sa

from engine.storage.database import Database
from engine.storage.metadata import METADATA

SECRET_BYTES = 32

SERVICE_SECRETS = sa.Table(
    "service_secrets",
    METADATA,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("secret", sa.String(128), nullable=False),
)


def service_secret(database: Database, name: str) -> bytes:
    """Return the secret of a name, made by whoever asks for it first."""
    c = SERVICE_SECRETS.c
    query = sa.select(c.secret).where(c.name == name)
    with database.reading() as connection:
        found = connection.scalar(query)
    if found is None:
        made = {"name": name, "secret": secrets.token_hex(SECRET_BYTES)}
        try:
            with database.transaction() as connection:
                connection.execute(sa.insert(SERVICE_SECRETS), made)
        except sa.exc.IntegrityError:
            pass  # Another was first; theirs is the one.
        with database.reading() as connection:
            found = connection.scalar(query)
    return bytes.fromhex(str(found))
