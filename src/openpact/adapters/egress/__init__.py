"""The one door through which scripts reach the network: `door`; its words are in `message`, `redirects`, `settings`.

Rules of this package:
- Its `__init__` imports nothing: who only speaks of requests must not load what sends them.
"""
