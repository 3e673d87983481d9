"""The demo: a year in the life of an invented group, told to the ledger command by command, and a tour of it."""
