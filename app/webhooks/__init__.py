"""What happens is told to the web addresses that organisations name: signed, in order, until it is taken."""
