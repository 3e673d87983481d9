"""The alarm process: it notes warnings, misses and escalations as events when they are due, each once.

`candidates` asks the view of timers where something may be due, `reading` reads those cases from the ledger, `notices`
decides what is due and by which commands it is recorded, `alarms` does it again and again.
"""
