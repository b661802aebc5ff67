"""Supply: lots of waste on offer, with their assays."""
