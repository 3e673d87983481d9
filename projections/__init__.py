"""Current views of the ledger: one module and one table a view, and the runner that keeps them up to date."""
