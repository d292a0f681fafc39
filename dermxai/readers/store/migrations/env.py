"""Run by Alembic, in the transaction that `migration.upgrade` has begun."""

from alembic import context

from dermxai.readers.store import lesson_tables  # noqa: F401
from dermxai.readers.store.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
)
context.run_migrations()
