"""Of one insurance a person has one cover on a day: the database refuses what overlaps."""

from engine.storage.migrations.triggers import refuse_insert

revision = "0014"
down_revision = "0013"

OVERLAPS = """NEW.until IS NULL AND EXISTS (
    SELECT 1 FROM covers AS held
    WHERE held.person_id = NEW.person_id AND held.insurance = NEW.insurance
        AND held.until IS NULL
        AND held.cover_from < NEW.cover_to AND NEW.cover_from < held.cover_to
)"""


def upgrade() -> None:
    """Let in no current cover that shares a day with another one of the same insurance."""
    refuse_insert("covers", OVERLAPS, "covers of one insurance share a day")
