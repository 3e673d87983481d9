"""Import: histories that other systems kept, read by a mapping and told to the ledger as commands."""
