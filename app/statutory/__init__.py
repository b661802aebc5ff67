"""The seven tables of the national ledger guide, filled from what the exchange has on record."""
