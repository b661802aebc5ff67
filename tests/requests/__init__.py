"""First answers, limits and sweeps of requests."""
