"""What happened: one append-only table that is audit trail, feed and outbox in one."""
