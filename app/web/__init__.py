"""Pages for people: the API's documentation, and the static files they load."""
