"""The revisions of the job database's tables, and the upgrade of a database of an earlier version.

A change of `tables.py` needs a revision in `versions/`, whose name becomes `schema.HEAD`. A new database gets
the tables as they are now; tests compare them with what the revisions make.
"""
