"""The contract: what the document promises is what is answered, and it changes on purpose only."""
