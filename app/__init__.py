"""The solid-waste exchange 固废交易与核算平台: a market for bulk waste with a defensible mass ledger."""
