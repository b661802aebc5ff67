"""Deals: agreements, shipments, receipts and the use of what was received."""
