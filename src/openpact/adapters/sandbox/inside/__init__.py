"""What runs inside the sandbox: standard library, the script engine and this folder; nothing else is imported there."""
