"""Who calls: keys, roles, scopes."""
