"""What-ifs: changes of a market, what each does to it, and those worth trying."""
