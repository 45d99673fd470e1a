"""The sandbox: scripts run in one-shot, locked-down processes that hold no secret, no network and no file."""
