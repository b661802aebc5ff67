"""The public contract over HTTP: one file per resource."""
