"""The tables that say which nights are published, and what they have read."""

import sqlalchemy as sa

from engine.storage.metadata import METADATA

NIGHTS = sa.Table(
    "nights",
    METADATA,
    sa.Column("night", sa.String(10), primary_key=True),
    sa.Column("input_hash", sa.String(64), nullable=False),
    sa.Column("policy_hash", sa.String(64), nullable=False),
    sa.Column("result_hash", sa.String(64), nullable=False),
    sa.Column("versions", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("engine_version", sa.String(32), nullable=True),
)

FILES_TAKEN = sa.Table(
    "files_taken",
    METADATA,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("night", sa.String(10), sa.ForeignKey("nights.night"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
)
