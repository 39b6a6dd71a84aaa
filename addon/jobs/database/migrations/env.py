"""What Alembic runs for a command: the revisions, on the connection and in the transaction of its caller."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    render_as_batch=True,  # SQLite changes columns by copying the table
)
context.run_migrations()
