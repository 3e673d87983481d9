"""What belongs to HTTP rather than to GraphQL: the protocol, its limits, and how a server is watched and ended."""
