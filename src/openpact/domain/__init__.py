"""What is true: pure nouns and rules. No I/O, no clock, no randomness; standard library and value libraries only."""
