"""The operator's door: one program, `openpact`."""
