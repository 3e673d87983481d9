"""Every door into the ledger: GraphQL, HTTP, command line and settings."""
