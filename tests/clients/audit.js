// The audit of GraphQL over HTTP, which the specification's working group keeps in the package graphql-http.
// Prints what is not as it must be or should be, one JSON object a line.
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.env.DAYBOOK_URL });
for (const { id, name, status, reason } of results) {
  if (status !== "ok") {
    console.log(JSON.stringify({ id, name, status, reason }));
  }
}
console.log(JSON.stringify({ audits: results.length }));
