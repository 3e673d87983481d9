// Relay's store over what relay-compiler made of the documents: one record a case, and one list of its pages.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import {
  commitMutation, createOperationDescriptor, Environment, fetchQuery, getRequest, getSingularSelector, Network,
  RecordSource, Store, type RequestParameters, type Variables,
} from "relay-runtime";
import { present, url } from "../server.js";
import cardFragment, { type documents_card$data, type documents_card$key } from "./__generated__/documents_card.graphql.js";
import listFragment, { type documents_list$data, type documents_list$key } from "./__generated__/documents_list.graphql.js";
import board, { type documentsBoardQuery } from "./__generated__/documentsBoardQuery.graphql.js";
import cardQuery, { type documentsCardQuery } from "./__generated__/documentsCardQuery.graphql.js";
import listQuery, { type documentsListQuery } from "./__generated__/documentsListQuery.graphql.js";
import prioritise, { type documentsPrioritiseMutation } from "./__generated__/documentsPrioritiseMutation.graphql.js";

async function ask(request: RequestParameters, variables: Variables) {
  const body = JSON.stringify({ query: request.text, variables, operationName: request.name });
  const answer = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  return answer.json();
}

function newEnvironment(): Environment {
  return new Environment({ network: Network.create(ask), store: new Store(new RecordSource()) });
}

/** What a fragment shows of the store by now. */
function card(environment: Environment, key: documents_card$key): documents_card$data {
  return environment.lookup(present(getSingularSelector(cardFragment, key))).data as unknown as documents_card$data;
}

function cases(environment: Environment, key: documents_list$key): documents_list$data["cases"] {
  const shown = environment.lookup(present(getSingularSelector(listFragment, key)));
  return (shown.data as unknown as documents_list$data).cases;
}

async function opened(environment: Environment): Promise<documents_list$key> {
  const variables = {};
  const data = await fetchQuery<documentsBoardQuery>(environment, board, variables).toPromise();
  environment.retain(createOperationDescriptor(getRequest(board), variables));
  assert.equal(data?.ledgerHead.time, "LIVE");
  return present(data);
}

test("a case that a mutation changed, or that is fetched anew, is shown so by its fragment", async () => {
  const environment = newEnvironment();
  const { node } = present(cases(environment, await opened(environment)).edges[4]);
  const before = card(environment, node);
  await new Promise<void>((resolve, reject) => {
    commitMutation<documentsPrioritiseMutation>(environment, {
      mutation: prioritise,
      variables: { input: { commandId: randomUUID(), caseId: node.id, priority: "HIGH" } },
      onCompleted: () => resolve(),
      onError: reject,
    });
  });
  assert.deepEqual(card(environment, node), { ...before, priority: "HIGH", version: before.version + 1 });
  const again = await fetchQuery<documentsCardQuery>(environment, cardQuery, { id: node.id }).toPromise();
  assert.deepEqual(card(environment, present(again?.node)), card(environment, node));
});

test("the next page of a connection is put behind the one before", async () => {
  const environment = newEnvironment();
  const list = await opened(environment);
  const first = cases(environment, list);
  assert.equal(first.edges.length, 10);
  const next = { first: 25, after: first.pageInfo.endCursor };
  await fetchQuery<documentsListQuery>(environment, listQuery, next).toPromise();
  const keys = cases(environment, list).edges.map(({ node }) => card(environment, node).sourceKey);
  assert.deepEqual(keys, Array.from({ length: 30 }, (_, nth) => `S-${29 - nth}`));
});
