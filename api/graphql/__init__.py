"""The GraphQL door: one schema, in which a front end finds cases, customers, their histories, and every command.

`schema` puts it together; `case`, `customer`, `touchpoint` and `history` hold what is read, `mutations` what can be
asked for; `request` is what one request has at hand. `schema.graphql` is the contract, as printed from the code.
"""
