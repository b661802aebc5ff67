"""Markets to try the exchange with: an invented one of Chongqing, and real plants from public files."""
