"""A case: one matter of a customer, from the first words to its closing, in events, commands, rules and a life."""
