"""Bulk import: files of lots, shipments and declarations, landed row by row in background jobs."""
