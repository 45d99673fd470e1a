"""The bench: what OpenPact costs, measured side by side with what it would cost without. `make bench` runs it."""
