"""What alembic runs to take steps; it asks for a script, so this is the one module that works when it is loaded."""

from alembic import context

from besra.storage.columns import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=context.config.attributes["version_table"],
)
context.run_migrations()
