// Apollo Client: one cache, normalised by id, and pages that are put together in it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { ApolloClient, HttpLink, InMemoryCache, type ObservableQuery, type OperationVariables } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";
import { filter, firstValueFrom, map } from "rxjs";
import { graphql } from "./gql/gql.js";
import { present, url } from "./server.js";

const CASES = graphql(`
  query ApolloCases($first: Int!, $after: String) {
    cases(first: $first, after: $after) {
      edges { cursor node { id sourceKey status version } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);
const CASE = graphql(`
  query ApolloCase($id: ID!) {
    case(id: $id) { id status version customer { id caseCount } }
  }
`);
const START = graphql(`
  mutation ApolloStart($input: StartWorkInput!) {
    startWork(input: $input) {
      case { id status version }
      userErrors { code field message }
    }
  }
`);
const TIMELINE = graphql(`
  query ApolloTimeline($id: ID!, $after: String) {
    customer(id: $id) {
      id
      timeline(first: 1, after: $after) {
        edges { node { __typename occurredAt ... on CaseRegisteredItem { number } ... on GenericEvent { kind } } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`);

function newClient(): ApolloClient {
  return new ApolloClient({
    link: new HttpLink({ uri: url }),
    cache: new InMemoryCache({
      possibleTypes: {
        Node: ["Case", "Customer", "Obligation", "StaffMember", "Touchpoint", "Unit"],
        TimelineItem: ["CaseReceivedItem", "CaseRegisteredItem", "GenericEvent"],
      },
      typePolicies: {
        Query: { fields: { cases: relayStylePagination(["filter", "orderBy"]) } },
        Customer: { fields: { timeline: relayStylePagination(["filter", "direction"]) } },
      },
    }),
  });
}

/** What a watched query shows by now, once it shows all that it asked for. */
function shown<Data, Variables extends OperationVariables>(list: ObservableQuery<Data, Variables>): Promise<Data> {
  const complete = filter((result: ObservableQuery.Result<Data>) => result.dataState === "complete");
  return firstValueFrom(list.pipe(complete, map(({ data }) => data as Data)));
}

test("a case that a mutation changed is shown changed wherever it is shown", async () => {
  const client = newClient();
  after(() => client.stop());
  const list = client.watchQuery({ query: CASES, variables: { first: 5 } });
  const seen: string[] = [];
  const watched = list.subscribe(({ data, dataState }) => {
    if (dataState === "complete") {
      seen.push(data.cases.edges.map(({ node }) => node.status).join(" "));
    }
  });
  const chosen = present((await shown(list)).cases.edges[2]).node;
  const page = await client.query({ query: CASE, variables: { id: chosen.id } });
  assert.equal(page.data?.case?.status, "REGISTERED");

  const { data: done } = await client.mutate({
    mutation: START,
    variables: { input: { commandId: randomUUID(), caseId: chosen.id, expectedVersion: chosen.version, by: "王芳" } },
  });
  assert.deepEqual(done?.startWork.userErrors, []);
  const again = client.readQuery({ query: CASE, variables: { id: chosen.id } });
  assert.deepEqual([again?.case?.status, again?.case?.version], ["IN_PROGRESS", chosen.version + 1]);
  assert.deepEqual(seen.at(-1)?.split(" "), [
    "REGISTERED", "REGISTERED", "IN_PROGRESS", "REGISTERED", "REGISTERED",
  ]);
  watched.unsubscribe();
});

test("pages are put together in the cache without a gap or a repeat", async () => {
  const client = newClient();
  after(() => client.stop());
  const list = client.watchQuery({ query: CASES, variables: { first: 8 } });
  const watched = list.subscribe(() => undefined);
  await shown(list);
  const whole = () => present(client.readQuery({ query: CASES, variables: { first: 8 } })).cases;
  while (whole().pageInfo.hasNextPage) {
    await list.fetchMore({ variables: { after: whole().pageInfo.endCursor } });
  }
  const keys = whole().edges.map(({ node }) => node.sourceKey);
  assert.deepEqual(keys, Array.from({ length: 30 }, (_, nth) => `S-${29 - nth}`));
  watched.unsubscribe();
});

test("pages inside an object are put together under that object", async () => {
  const client = newClient();
  after(() => client.stop());
  const { data: some } = await client.query({ query: CASES, variables: { first: 1 } });
  const { data: one } = await client.query({ query: CASE, variables: { id: present(some?.cases.edges[0]).node.id } });
  const id = present(one?.case?.customer).id;
  const list = client.watchQuery({ query: TIMELINE, variables: { id } });
  const watched = list.subscribe(() => undefined);
  const first = await shown(list);
  await list.fetchMore({ variables: { after: first.customer?.timeline.pageInfo.endCursor } });
  const whole = client.readQuery({ query: TIMELINE, variables: { id } });
  const items = whole?.customer?.timeline.edges.map(({ node }) => node.__typename);
  assert.deepEqual(items, ["CaseRegisteredItem", "CaseReceivedItem"]);
  watched.unsubscribe();
});

test("what cannot be done comes back as data, and a wrong id as an error with its code", async () => {
  const client = newClient();
  after(() => client.stop());
  const { data: some } = await client.query({ query: CASES, variables: { first: 1 } });
  const { id } = present(some?.cases.edges[0]).node;
  const { data: done } = await client.mutate({
    mutation: START,
    variables: { input: { commandId: randomUUID(), caseId: id, expectedVersion: 99, by: "王芳" } },
  });
  assert.deepEqual(done?.startWork.userErrors.map(({ code, field }) => ({ code, field })), [
    { code: "STALE_VERSION", field: ["expectedVersion"] },
  ]);
  const { error } = await client.query({ query: CASE, variables: { id: "nonsense" }, errorPolicy: "all" });
  assert.match(JSON.stringify(error), /BAD_ID/);
});
