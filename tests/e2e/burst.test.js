// More posts fall due at once than one run does itself: each goes out once, and every account gets its posts in order.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { tokenOf } from './lib/crypto.js';
import { call, schedule, webhookAccount } from './lib/rest.js';
import { startReceiver } from './lib/receiver.js';
import { sharedServer } from './lib/server.js';

const WORKSPACES = ['u', 'v', 'w'].map((name) => `burst-${name}-${process.pid}-${Date.now()}`);
const [ACCOUNTS, POSTS] = [10, 10];
/** Long enough for a small machine with functions: every delivery is a dozen calls to the store. */
const LONG_MS = 120_000;

const server = sharedServer();

/** Accounts of a workspace and posts to all of them, each a millisecond after the one before it. */
async function fill(receiver, workspace, from) {
  const token = tokenOf('ada', workspace);
  const paths = Array.from({ length: ACCOUNTS }, (_, n) => `/${workspace}/${n}`);
  const accounts = [];
  for (const path of paths) accounts.push(await webhookAccount(server, token, new URL(path, receiver.url).href, workspace));
  const texts = Array.from({ length: POSTS }, (_, n) => `${n}`);
  // One after the other: where that takes so long that they are due when they are made, the order is the same.
  for (const text of texts) await schedule(server, token, accounts, { text, workspace, at: new Date(from + Number(text)) });
  return paths.map((path) => [path, texts]);
}

/** Waits until all posts of a workspace are told to be published. */
async function published(workspace) {
  for (;;) {
    const path = `/api/posts?workspace_id=${workspace}&status=published&limit=100`;
    const { body } = await call(server, 'GET', path, { token: tokenOf('ada', workspace) });
    if (body.posts.length === POSTS) return;
    await pause(100);
  }
}

test('what is due at once goes out once, and in order for each account', { timeout: LONG_MS }, async (t) => {
  const receiver = await startReceiver(t);
  const from = Date.now() + 5_000;
  const expected = (await Promise.all(WORKSPACES.map((it) => fill(receiver, it, from)))).flat();
  const sent = [];
  while (sent.length < WORKSPACES.length * ACCOUNTS * POSTS) sent.push(await receiver.inbox.next('a webhook', LONG_MS));
  await Promise.all(WORKSPACES.map(published));
  assert.equal(receiver.inbox.all.length, sent.length, 'nothing is sent twice');
  const textsAt = (path) => sent.filter((it) => it.path === path).map(({ body }) => JSON.parse(body).data.text);
  for (const [path, texts] of expected) assert.deepEqual(textsAt(path), texts, path);
});
