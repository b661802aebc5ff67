"""The double-entry mass ledger: the only writer of tonnes."""
