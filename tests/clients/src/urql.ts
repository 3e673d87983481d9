// urql with its normalised cache, which is told the schema and checks what it is given against it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Client, fetchExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { buildSchema, introspectionFromSchema } from "graphql";
import { graphql } from "./gql/gql.js";
import { present, url } from "./server.js";

const CASES = graphql(`
  query UrqlCases($first: Int!, $after: String) {
    cases(first: $first, after: $after) {
      edges { cursor node { id sourceKey status version } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);
const ANYTHING = graphql(`
  query UrqlAnything($id: ID!) {
    node(id: $id) { id ... on Case { status priority version } }
  }
`);
const PRIORITISE = graphql(`
  mutation UrqlPrioritise($input: PrioritiseCaseInput!) {
    prioritiseCase(input: $input) {
      case { id priority version }
      userErrors { code }
    }
  }
`);

const complaints: string[] = [];

function newClient(): Client {
  const schema = introspectionFromSchema(buildSchema(readFileSync("../../api/graphql/schema.graphql", "utf8")));
  return new Client({
    url,
    preferGetMethod: false,
    exchanges: [
      cacheExchange({
        schema,
        resolvers: { Query: { cases: relayPagination() } },
        logger: (severity, message) => severity === "debug" || complaints.push(message),
      }),
      fetchExchange,
    ],
  });
}

test("a case that a mutation changed is shown changed by another query out of the cache", async () => {
  const client = newClient();
  const { data } = await client.query(CASES, { first: 3 }).toPromise();
  const { id, version } = present(data?.cases.edges[1]).node;
  const before = await client.query(ANYTHING, { id }).toPromise();
  assert.equal(before.error, undefined);
  const done = await client
    .mutation(PRIORITISE, { input: { commandId: randomUUID(), caseId: id, priority: "CRITICAL" } })
    .toPromise();
  assert.deepEqual(done.data?.prioritiseCase.userErrors, []);
  const now = await client.query(ANYTHING, { id }, { requestPolicy: "cache-only" }).toPromise();
  assert.deepEqual(now.data?.node, { id, status: "REGISTERED", priority: "CRITICAL", version: version + 1 });
});

test("pages are put together in the cache, and the cache has no complaint about the schema", async () => {
  const client = newClient();
  const first = await client.query(CASES, { first: 20 }).toPromise();
  const after = present(first.data?.cases.pageInfo.endCursor);
  await client.query(CASES, { first: 20, after }).toPromise();
  const whole = await client.query(CASES, { first: 20, after }, { requestPolicy: "cache-only" }).toPromise();
  const keys = whole.data?.cases.edges.map(({ node }) => node.sourceKey);
  assert.deepEqual(keys, Array.from({ length: 30 }, (_, nth) => `S-${29 - nth}`));
  assert.deepEqual(complaints, []);
});
