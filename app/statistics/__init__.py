"""What the ledger's tonnes say: utilisation rates, balances, forecasts and publications."""
