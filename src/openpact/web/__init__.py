"""The people's door: the Admin API, over HTTP and over the machine's own socket."""
