// graphql-ws, and Apollo Client and urql over it: what changes, on connections that break.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { resuming } from "../../examples/front-end/built/resuming.js";

const url = process.env.DAYBOOK_URL;
const CHANGED = `
  subscription Changed($id: ID!, $after: ConsistencyToken) {
    caseChanged(id: $id, after: $after) { version consistencyToken case { id priority } }
  }
`;
const open = [];
after(() => Promise.all(open.map((client) => client.dispose())));

async function ask(query, variables) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  return (await answer.json()).data;
}

async function aCase(sourceKey) {
  const found = await ask("query($key: String) { ledgerHead { consistencyToken } case(sourceKey: $key) { id version } }", {
    key: sourceKey,
  });
  return { ...found.case, token: found.ledgerHead.consistencyToken };
}

async function prioritise(caseId, priority) {
  const input = { commandId: randomUUID(), caseId, priority };
  await ask("mutation($input: PrioritiseCaseInput!) { prioritiseCase(input: $input) { case { id } } }", { input });
}

function newClient(on = {}) {
  const client = createClient({
    url: url.replace(/^http/, "ws"),
    webSocketImpl: WebSocket,
    retryAttempts: Infinity,
    retryWait: () => Promise.resolve(),
    on,
  });
  open.push(client);
  return client;
}

/** Resolves with so many items, as soon as they are there. */
function items(client, payload, many, seen = () => {}) {
  return new Promise((resolve, reject) => {
    const found = [];
    const stop = client.subscribe(payload, {
      next: ({ data, errors }) => {
        if (errors) return reject(errors);
        found.push(data.caseChanged);
        seen(found);
        if (found.length === many) resolve(stop() ?? found);
      },
      error: reject,
      complete: () => {},
    });
  });
}

test("a subscription goes on behind what it was told last when its connection is cut, without a gap or a repeat", async () => {
  const { id, version, token } = await aCase("S-11");
  const many = 30;
  let connected = 0;
  const client = newClient({ connected: () => (connected += 1) });
  const following = items(resuming(client), { query: CHANGED, variables: { id, after: token } }, many, (found) => {
    if (found.length % 5 === 0) client.terminate();
  });
  for (let nth = 0; nth < many; nth += 1) await prioritise(id, nth % 2 ? "HIGH" : "LOW");
  const found = await following;
  assert.deepEqual(found.map((change) => change.version), Array.from({ length: many }, (_, nth) => version + 1 + nth));
  assert.ok(connected >= many / 5);
});

test("a document that does not fit ends its subscription with the codes, and the socket goes on", async () => {
  const { id, version, token } = await aCase("S-12");
  let connected = 0;
  const client = newClient({ connected: () => (connected += 1) });
  const following = items(client, { query: CHANGED, variables: { id, after: token } }, 1);
  const [error] = await items(client, { query: "subscription { nothing }" }, 1).catch((errors) => errors);
  assert.equal(error.extensions.code, "BAD_DOCUMENT");
  await prioritise(id, "HIGH");
  assert.equal((await following)[0].version, version + 1);
  assert.equal(connected, 1);
});

test("urql is told over graphql-ws", async () => {
  const { id, token } = await aCase("S-13");
  const live = resuming(newClient());
  const client = new Client({
    url,
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({ unsubscribe: live.subscribe({ ...request, query: request.query ?? "" }, sink) }),
        }),
      }),
    ],
  });
  const following = new Promise((resolve) => {
    const { unsubscribe } = client.subscription(CHANGED, { id, after: token }).subscribe((result) => {
      resolve(result);
      unsubscribe();
    });
  });
  await prioritise(id, "CRITICAL");
  const { data, error } = await following;
  assert.equal(error, undefined);
  assert.deepEqual(data.caseChanged.case, { id, priority: "CRITICAL" });
});
