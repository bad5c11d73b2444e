"""How Alembic runs a migration here: on the connection that it is given, in its transaction."""

from alembic import context

from engine.storage.metadata import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
