"""What an inspector should look at: records that contradict each other or what lorries and piles can do."""
