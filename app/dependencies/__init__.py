"""What a request is given: sessions, the caller, a page, its If-Match."""
