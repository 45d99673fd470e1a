"""What happens: one noun a file, one verb a method. Every change goes through the ledger."""
