"""Alembic's entry: runs the migrations on the connection that `backroom.db.migrate` hands over."""

from alembic import context

from backroom.db.metadata import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=False,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
