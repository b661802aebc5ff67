"""What is remembered of requests themselves: first answers for those who ask again, and how fast each caller asks."""
