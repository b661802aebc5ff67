"""Plans: how high the rate could go in the market as it stands, who would take what, and what stands in the way."""
