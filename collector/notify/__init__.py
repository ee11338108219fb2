"""Messages to people: what is due to be said to whom, how it goes out, and what its receipt proves."""
