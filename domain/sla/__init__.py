"""SLA clocks: deadlines out of events, versioned policies and versioned calendars, explained segment by segment."""
