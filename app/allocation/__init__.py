"""From the market as it stands to the problem of a plan: what may be hauled where, at which cost, and why not."""
