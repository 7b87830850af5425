// What was accepted is not lost: the process is killed at the worst moments and started again on its data.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { tokenOf, webhookIsGenuine } from './lib/crypto.js';
import { call, schedule, webhookAccount } from './lib/rest.js';
import { startReceiver } from './lib/receiver.js';
import { dataDirectory, environment, needsProcess, runToEnd, startServer } from './lib/server.js';
import { DEADLINE_MS } from './lib/wait.js';
import { Wire } from './lib/wire.js';

const token = tokenOf('u1', 'ws_1');
const live = (t, server) => Wire.connect(t, server, { query: { protocol: 7, token } });
const dataOf = (frame) => JSON.parse(frame.data).data;

describe('a killed server recovers', { skip: needsProcess }, () => {
  test('every scheduled post is published, once each', async (t) => {
    const data = dataDirectory(t);
    const receiver = await startReceiver(t, { hold: true });
    const first = await startServer(t, { data });
    const account = await webhookAccount(first, token, receiver.url);
    const due = new Date(Date.now() + 3_000);
    const posts = [];
    for (let number = 0; number < 8; number++) posts.push(await schedule(first, token, [account], { text: `Post ${number}`, at: due }));
    assert.deepEqual(await first.stop('SIGKILL'), { code: null, signal: 'SIGKILL' });

    const second = await startServer(t, { data });
    const wire = await live(t, second);
    const ids = new Set();
    for (let number = 0; number < posts.length; number++) {
      const request = await receiver.inbox.next('a webhook after the restart');
      assert.ok(webhookIsGenuine(account.secret, request));
      ids.add(request.id);
      request.answer(200);
    }
    assert.equal(ids.size, posts.length, 'each post has a request of its own');
    const published = new Set();
    while (published.size < posts.length) published.add(dataOf(await wire.until('post:published')).post_id);
    assert.deepEqual(published, new Set(posts.map((it) => it.id)));
    assert.equal(receiver.inbox.all.length, posts.length, 'none twice');
  });

  test('what fell due while it was down is published at the start', async (t) => {
    const data = dataDirectory(t);
    const receiver = await startReceiver(t, { hold: true });
    const first = await startServer(t, { data });
    const account = await webhookAccount(first, token, receiver.url);
    const due = Date.now() + 1_500;
    const post = await schedule(first, token, [account], { at: new Date(due) });
    await first.stop('SIGKILL');
    // The passing of the due time is the event waited for.
    await new Promise((resolve) => setTimeout(resolve, due - Date.now() + 1));
    assert.equal(receiver.inbox.all.length, 0);
    const second = await startServer(t, { data });
    const wire = await live(t, second);
    (await receiver.inbox.next('the webhook')).answer(200);
    assert.equal(dataOf(await wire.until('post:published')).post_id, post.id);
  });

  test('killed while a request is out: sent again with the same webhook-id, published once', async (t) => {
    const data = dataDirectory(t);
    const receiver = await startReceiver(t, { hold: true });
    const first = await startServer(t, { data });
    const account = await webhookAccount(first, token, receiver.url);
    const post = await schedule(first, token, [account]);
    const before = await receiver.inbox.next('the first request');
    await first.stop('SIGKILL');

    const second = await startServer(t, { data });
    const wire = await live(t, second);
    const after = await receiver.inbox.next('the second request');
    assert.equal(after.id, before.id);
    assert.equal(after.body, before.body, 'the payload is frozen');
    assert.ok(webhookIsGenuine(account.secret, after));
    after.answer(200);
    assert.equal(dataOf(await wire.until('post:published')).post_id, post.id);
    const view = (await call(second, 'GET', `/api/posts/${post.id}`, { token })).body;
    assert.equal(view.deliveries.length, 1);
    assert.equal(view.deliveries[0].status, 'published');
  });

  test('killed again and again while it works, nothing is lost', async (t) => {
    const data = dataDirectory(t);
    const receiver = await startReceiver(t);
    let server = await startServer(t, { data });
    const account = await webhookAccount(server, token, receiver.url);
    const posts = new Set();
    for (let round = 0; round < 5; round++) {
      for (let number = 0; number < 5; number++) posts.add((await schedule(server, token, [account])).id);
      await receiver.inbox.next('a webhook of this round');
      await server.stop('SIGKILL');
      server = await startServer(t, { data });
    }
    const published = new Set();
    const wire = await live(t, server);
    for (const id of posts) {
      if ((await call(server, 'GET', `/api/posts/${id}`, { token })).body.status === 'published') published.add(id);
    }
    while (published.size < posts.size) {
      const frame = (await wire.inbox.until((it) => it.event === 'post:published', 'the rest')).at(-1);
      published.add(dataOf(frame).post_id);
    }
    assert.deepEqual(published, posts);
    const deliveries = new Set(receiver.inbox.all.map((it) => it.id));
    assert.equal(deliveries.size, posts.size, 'one webhook-id for each post');
  });

  test('a second process on the same data refuses and leaves the first alone', async (t) => {
    const server = await startServer(t);
    const second = await runToEnd(['serve', '--listen', '127.0.0.1:0', '--data', server.data]);
    assert.notEqual(second.code, 0);
    assert.match(second.stderr, /data|director|process/i);
    assert.ok(!/panicked/.test(second.stderr), second.stderr);
    await (await Wire.connect(t, server)).quiet();
  });

  for (const signal of ['SIGTERM', 'SIGINT']) {
    test(`${signal} drains: clients see 1001 and the process exits 0`, async (t) => {
      const server = await startServer(t);
      const [one, two] = [await Wire.connect(t, server), await live(t, server)];
      await two.next('its own channel');
      const end = server.stop(signal);
      assert.equal(await one.closeCode(), 1001);
      assert.equal(await two.closeCode(), 1001);
      assert.deepEqual(await end, { code: 0, signal: null });
    });
  }

  test('a delivery that is under way is finished before the process exits', async (t) => {
    const data = dataDirectory(t);
    const receiver = await startReceiver(t, { hold: true });
    const server = await startServer(t, { data });
    const account = await webhookAccount(server, token, receiver.url);
    const post = await schedule(server, token, [account]);
    const request = await receiver.inbox.next('the webhook');
    const wire = await live(t, server);
    const end = server.stop('SIGTERM');
    await refusing(server);
    request.answer(200);
    assert.equal(dataOf(await wire.until('post:published')).post_id, post.id, 'still told live');
    assert.equal(await wire.closeCode(), 1001);
    assert.deepEqual(await end, { code: 0, signal: null });
    const again = await startServer(t, { data });
    assert.equal((await call(again, 'GET', `/api/posts/${post.id}`, { token })).body.status, 'published');
    assert.equal(receiver.inbox.all.length, 1);
  });

  test('a data file that is none stops the start and is left as it is', async (t) => {
    const data = dataDirectory(t);
    const server = await startServer(t, { data });
    await webhookAccount(server, token, 'http://127.0.0.1:9/hook');
    await server.stop('SIGTERM');
    const path = largestFile(data);
    const garbage = Buffer.from('this is no database, and must not be touched\n'.repeat(100));
    writeFileSync(path, garbage);
    const start = await runToEnd(['serve', '--listen', '127.0.0.1:0', '--data', data], { env: environment() });
    assert.notEqual(start.code, 0);
    assert.ok(start.stderr.length > 0 && !/panicked/.test(start.stderr), start.stderr);
    assert.deepEqual(readFileSync(path), garbage);
  });
});

/** Draining begins with new connections being refused: knocks until that is so. */
async function refusing(server) {
  const knock = () =>
    new Promise((resolve) => {
      const socket = connect(server.port, server.host);
      socket.on('connect', () => resolve(socket.destroy()));
      socket.on('error', () => resolve(null));
    });
  const end = Date.now() + DEADLINE_MS;
  while ((await knock()) !== null) assert.ok(Date.now() < end, 'new connections are refused at last');
}

function largestFile(folder) {
  const paths = readdirSync(folder, { recursive: true }).map((name) => join(folder, name));
  return paths.filter((it) => statSync(it).isFile()).sort((a, b) => statSync(b).size - statSync(a).size)[0];
}
