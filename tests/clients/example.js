// The example in examples/front-end, opened in a browser without a screen, and used with clicks.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Window } from "happy-dom";

const url = process.env.DAYBOOK_URL;
const window = new Window({ url });
Object.assign(globalThis, { window, document: window.document, WebSocket: window.WebSocket });
globalThis.navigator ??= window.navigator; // newer versions of Node have one
const { open, openCase } = await import("../../examples/front-end/built/page.js");
const { left } = await import("../../examples/front-end/built/clock.js");
const { attach } = await import("../../examples/front-end/built/attach.js");
const { newClient } = await import("../../examples/front-end/built/client.js");

async function ask(query, variables) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  return (await answer.json()).data;
}

/** Resolves when the page holds what is looked for, as soon as a change of the page brings it. */
function shows(found) {
  return new Promise((resolve) => {
    const look = () => found() && resolve(watching?.disconnect());
    const watching = new window.MutationObserver(look);
    watching.observe(window.document.body, { childList: true, subtree: true, characterData: true });
    look();
  });
}

const root = window.document.createElement("main");
const entries = () => [...root.querySelectorAll("ol li")].map((entry) => Number(entry.textContent.split(" ")[0]));
const button = (name) => [...root.querySelectorAll("button")].find(({ textContent }) => textContent === name);
let customer, close;

before(async () => {
  ({ customer } = await ask('{ customer(sourceKey: "K-7") { id cases { nodes { id number version } } } }'));
  window.document.body.append(root);
  close = open(root, url, customer.id);
});
after(async () => {
  close();
  await window.happyDOM.close();
});

test("the profile shows who the customer is, and which cases they have", async () => {
  await shows(() => root.querySelector("h1"));
  assert.equal(root.querySelector("h1").textContent, "冯小明 7");
  assert.equal(root.querySelector("section p").textContent, "no tier, 1 open");
  assert.match(root.querySelector("ul li").textContent, /^C2026-\d{6} REGISTERED/);
});

test("the audit list grows by a page with each click, without a gap or a repeat", async () => {
  await shows(() => entries().length === 25);
  while (button("More")) {
    const some = entries().length;
    button("More").click();
    await shows(() => entries().length > some);
  }
  const whole = entries();
  assert.deepEqual(whole, Array.from({ length: whole.length }, (_, nth) => whole.length - nth));
  assert.ok(whole.length > 90);
});

test("a case that somebody else went on with is not begun, and the page says so; then it is", async () => {
  const [{ id, version }] = customer.cases.nodes;
  const input = { commandId: crypto.randomUUID(), caseId: id, priority: "HIGH" };
  await ask("mutation($input: PrioritiseCaseInput!) { prioritiseCase(input: $input) { case { id } } }", { input });
  button("Start").click();
  await shows(() => root.querySelector("[role=alert]"));
  assert.match(root.querySelector("[role=alert]").textContent, new RegExp(`not at version ${version}`));
  button("Start").click();
  await shows(() => root.querySelector("ul li").textContent.includes("IN_PROGRESS"));
  assert.equal(button("Start"), undefined);
});

test("a case that is live shows what somebody else does with it, without being asked again", async () => {
  const { case: one } = await ask('{ case(sourceKey: "S-8") { id number version } }');
  const live = window.document.createElement("aside");
  window.document.body.append(live);
  const closeCase = openCase(live, url, one.id);
  await shows(() => live.textContent === `${one.number} REGISTERED, version ${one.version}`);
  const input = { commandId: crypto.randomUUID(), caseId: one.id, by: "王芳" };
  await ask("mutation($input: StartWorkInput!) { startWork(input: $input) { case { id } } }", { input });
  await shows(() => live.textContent === `${one.number} IN_PROGRESS, version ${one.version + 1}`);
  closeCase();
});

test("a file is uploaded, attached to a case, and fetched as it was", async () => {
  const text = "灯是红的。".repeat(100_000);
  const [{ id }] = customer.cases.nodes;
  const path = await attach(newClient(url), url, id, new File([text], "指示灯.txt", { type: "text/plain" }));
  const fetched = await fetch(new URL(path, url));
  assert.equal(await fetched.text(), text);
  assert.match(fetched.headers.get("Content-Disposition"), /^attachment; filename=".*"; filename\*=UTF-8''%E6%8C%87/);
  const query = "query($id: ID!) { case(id: $id) { attachments { fileName { value } direction } } }";
  const { case: shown } = await ask(query, { id });
  assert.deepEqual(shown.attachments, [{ fileName: { value: "指示灯.txt" }, direction: "IN" }]);
  await assert.rejects(attach(newClient(url), url, id, new File([], "empty.txt")), /greater than or equal to 1/);
});

test("what is left of a clock is what lies ahead in the stretches that count", () => {
  const clock = {
    upcoming: [
      { begin: "2026-03-02T09:00:00Z", end: "2026-03-02T17:00:00Z", counted: true },
      { begin: "2026-03-02T17:00:00Z", end: "2026-03-03T09:00:00Z", counted: false },
      { begin: "2026-03-03T09:00:00Z", end: "2026-03-03T10:00:00Z", counted: true },
    ],
  };
  const at = (time) => left(clock, Date.parse(time));
  const times = ["2026-03-02T08:00:00Z", "2026-03-02T16:59:30Z", "2026-03-02T20:00:00Z", "2026-03-03T10:00:00Z"];
  assert.deepEqual(times.map(at), [9 * 3600, 3630, 3600, 0]);
});
