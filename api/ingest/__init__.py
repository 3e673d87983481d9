"""Items that other systems send by HTTP: what they are, what they become, and what is answered to each.

`vocabulary` has the types of items, `reading` makes items out of lines, `making` makes commands out of items,
`carrying` hands them to the ledger, `door` is the path on which they arrive, and `schema` prints the form of them all.
"""
