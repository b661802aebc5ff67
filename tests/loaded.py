"""Loads all of the program, for processes that are forked off; see `programs`."""

from app.core.memory import loading

with loading():
    import app.cli
    import app.main  # noqa: F401 - the server, which the command line loads when it serves
