// Pusher's HTTP API by the official Node SDK, and what no SDK does any more by hand.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { joined, pusherJs, sdk, signedAs } from './lib/clients.js';
import { signedPath, tokenOf } from './lib/crypto.js';
import { call } from './lib/rest.js';
import { APP, dataDirectory, environment, needsProcess, sharedServer, startServer } from './lib/server.js';
import { Wire } from './lib/wire.js';

let names = 0;
const fresh = (prefix = '') => `${prefix}http-${process.pid}-${Date.now()}-${names++}`;
const events = `/apps/${APP.id}/events`;
const json = { 'content-type': 'application/json' };
const post = (server, path, body, headers = {}, more) =>
  call(server, 'POST', signedPath('POST', path, body, more), { raw: body, headers: { ...json, ...headers } });
const get = async (server, path, params) => (await sdk(server).get({ path, params })).json();

describe('the HTTP API', () => {
  const server = sharedServer();

  test('answers exactly {} to a trigger and a batch, and counts when asked', async (t) => {
    const [open, team] = [fresh(), fresh('presence-')];
    const client = await pusherJs(t, server, { authorize: signedAs(server, { user_id: 'u1' }) });
    await joined(client, open);
    await joined(client, team);
    const text = async (answer) => (await answer).text();
    assert.equal(await text(sdk(server).trigger(open, 'e', {})), '{}');
    assert.equal(await text(sdk(server).triggerBatch([{ channel: open, name: 'e', data: {} }])), '{}');
    const info = 'user_count,subscription_count';
    const empty = fresh('presence-');
    const counted = JSON.parse(await text(sdk(server).trigger([open, team, empty], 'e', {}, { info })));
    assert.deepEqual(counted, { channels: {
      [open]: { subscription_count: 1 },
      [team]: { subscription_count: 1, user_count: 1 },
      [empty]: { subscription_count: 0, user_count: 0 },
    } });
    const batch = [{ channel: open, name: 'e', data: {}, info }, { channel: open, name: 'e', data: {} }, { channel: team, name: 'e', data: {}, info }];
    assert.deepEqual(JSON.parse(await text(sdk(server).triggerBatch(batch))), {
      batch: [{ subscription_count: 1 }, {}, { subscription_count: 1, user_count: 1 }],
    });
  });

  test('ten events make a batch, eleven are too many', async () => {
    const batch = (count) => Array.from({ length: count }, () => ({ channel: fresh(), name: 'e', data: {} }));
    assert.equal((await sdk(server).triggerBatch(batch(10))).status, 200);
    await assert.rejects(sdk(server).triggerBatch(batch(11)), (error) => error.status === 400 && /at most 10/.test(error.body));
  });

  test('lists occupied channels as an object, with counts of presence channels only', async (t) => {
    const prefix = fresh('presence-');
    assert.deepEqual(await get(server, '/channels', { filter_by_prefix: prefix }), { channels: {} });
    const client = await pusherJs(t, server, { authorize: signedAs(server, { user_id: 'u1' }) });
    await joined(client, `${prefix}-a`);
    assert.deepEqual(await get(server, '/channels', { filter_by_prefix: prefix }), { channels: { [`${prefix}-a`]: {} } });
    const counted = await get(server, '/channels', { filter_by_prefix: prefix, info: 'user_count' });
    assert.deepEqual(counted, { channels: { [`${prefix}-a`]: { user_count: 1 } } });
    await assert.rejects(get(server, '/channels', { info: 'user_count' }), (error) => error.status === 400);
  });

  test('shows a channel, occupied or not, and its users', async (t) => {
    const [team, open] = [fresh('presence-'), fresh()];
    assert.deepEqual(await get(server, `/channels/${open}`), { occupied: false });
    assert.deepEqual(await get(server, `/channels/${team}/users`), { users: [] });
    for (const id of ['u1', 'u2', 'u1']) {
      const client = await pusherJs(t, server, { authorize: signedAs(server, { user_id: id }) });
      await joined(client, team);
    }
    const shown = await get(server, `/channels/${team}`, { info: 'user_count,subscription_count' });
    assert.deepEqual(shown, { occupied: true, user_count: 2, subscription_count: 3 });
    assert.deepEqual(await get(server, `/channels/${team}/users`), { users: [{ id: 'u1' }, { id: 'u2' }] });
    assert.deepEqual(await get(server, `/channels/${team}/stats`), { occupied: true, user_count: 2, subscription_count: 3 });
    await assert.rejects(get(server, `/channels/${open}/users`), (error) => error.status === 400);
  });

  test('shows what a cache channel holds', async () => {
    const name = fresh('cache-');
    assert.deepEqual(await get(server, `/channels/${name}`, { info: 'cache' }), { occupied: false, cache: null });
    await sdk(server).trigger(name, 'e', { n: 1 });
    const { cache } = await get(server, `/channels/${name}`, { info: 'cache' });
    assert.equal(cache.data, '{"n":1}');
    assert.ok(cache.ttl > 1_780 && cache.ttl <= 1_800, String(cache.ttl));
  });

  test('the older trigger names the event in its query and carries the data as body', async (t) => {
    const name = fresh();
    const [wire, sender] = [await Wire.connect(t, server), await Wire.connect(t, server)];
    await wire.subscribe(name);
    await sender.subscribe(name);
    const path = `/apps/${APP.id}/channels/${name}/events`;
    const send = (params, body) => {
      const query = sdk(server).createSignedQueryString({ method: 'POST', path, params, body });
      return call(server, 'POST', `${path}?${query}`, { raw: body, headers: json });
    };
    const answer = await send({ name: 'old', socket_id: sender.socketId }, '{"n":1}');
    assert.equal(answer.status, 202);
    assert.deepEqual(await wire.next(), { event: 'old', channel: name, data: '{"n":1}' });
    await sender.quiet();
    assert.equal((await send({}, 'x')).status, 400);
  });

  test('a wrong signature is told what to sign, and never the signature', async () => {
    const body = JSON.stringify({ name: 'e', data: '', channels: ['c'] });
    const right = new URLSearchParams(signedPath('POST', events, body).split('?')[1]).get('auth_signature');
    const answer = await post(server, events, body, {}, { secret: 'wrong' });
    assert.equal(answer.status, 401);
    assert.match(answer.headers.get('content-type'), /^text\/plain/);
    assert.match(answer.body, new RegExp(`^Invalid signature: you should have sent HmacSHA256Hex\\("POST\\\\n${events}\\\\nauth_key=`));
    assert.ok(!answer.body.includes(right));
  });

  test('a publication that is sent again under its key is delivered once', async (t) => {
    const name = fresh();
    const wire = await Wire.connect(t, server);
    await wire.subscribe(name);
    const body = JSON.stringify({ name: 'e', data: '1', channels: [name], info: 'subscription_count' });
    const key = { 'Idempotency-Key': fresh() };
    const answers = [await post(server, events, body, key), await post(server, events, body, key)];
    for (const answer of answers) assert.deepEqual(answer.body, { channels: { [name]: { subscription_count: 1 } } });
    const other = await post(server, events, body.replace('"1"', '"2"'), key);
    assert.equal(other.status, 400);
    assert.match(other.body, /^This Idempotency-Key was used for another request/);
    assert.equal((await wire.next()).data, '1');
    await wire.quiet();
  });

  test('sent ten times at once under one key it is delivered once', async (t) => {
    const name = fresh();
    const wire = await Wire.connect(t, server);
    await wire.subscribe(name);
    const body = JSON.stringify({ name: 'e', data: '1', channels: [name], info: 'subscription_count' });
    const key = { 'Idempotency-Key': fresh() };
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(server, events, body, key)));
    for (const { status, body: text } of answers.filter((it) => it.status !== 200)) {
      assert.equal(status, 409);
      assert.match(text, /is under way: send it again later$/);
    }
    answers.push(await post(server, events, body, key));
    for (const it of answers.filter((it) => it.status === 200)) assert.deepEqual(it.body, { channels: { [name]: { subscription_count: 1 } } });
    assert.equal(answers.at(-1).status, 200, 'once it is done, everybody gets the answer');
    assert.equal((await wire.next()).data, '1');
    await wire.quiet();
  });

  test('and so is one of the older form', async (t) => {
    const name = fresh();
    const wire = await Wire.connect(t, server);
    await wire.subscribe(name);
    const path = `/apps/${APP.id}/channels/${name}/events`;
    const headers = { 'Idempotency-Key': fresh(), 'content-type': 'text/plain' };
    // A repetition is signed at another time; what it says is the same.
    const send = (query, now) => call(server, 'POST', signedPath('POST', path, '{}', { query, now }), { headers, raw: '{}' });
    for (const now of [Date.now(), Date.now() - 5_000]) assert.equal((await send({ name: 'old' }, now)).status, 202);
    assert.equal((await send({ name: 'new' }, Date.now())).status, 400, 'another event under the same key');
    assert.equal((await wire.next()).event, 'old');
    await wire.quiet();
  });
});

test('events that were missed can be had again, by server and by user', { skip: needsProcess }, async (t) => {
  const data = dataDirectory(t);
  const config = `[[apps]]\nid = "7"\nkeys = [{ key = "log-key", secret = "log-secret" }]\nhistory = [{ prefix = "private-workspace-", count = 10, age_s = 60 }]\n`;
  writeFileSync(join(data, 'pushbridge.toml'), config);
  const server = await startServer(t, { data, env: environment() });
  const app = { key: 'log-key', secret: 'log-secret' };
  const channel = 'private-workspace-ws_1';
  const token = tokenOf('u1', 'ws_1');
  const wire = await Wire.connect(t, server, { path: '/app/log-key', query: { protocol: 7, token } });
  await wire.until('pusher_internal:subscription_succeeded');
  await wire.subscribe(channel, { auth: '' });
  const publish = (n) => post(server, '/apps/7/events', JSON.stringify({ name: 'e', data: `${n}`, channels: [channel] }), {}, app);
  await publish(1);
  const seen = await wire.next();
  assert.equal(typeof seen.serial, 'number');
  wire.socket.terminate();
  for (const n of [2, 3]) await publish(n);
  const path = `/apps/7/channels/${channel}/events`;
  const parameters = { after: seen.serial };
  const query = sdk(server, { appId: '7', ...app }).createSignedQueryString({ method: 'GET', path, params: parameters });
  const byServer = await call(server, 'GET', `${path}?${query}`);
  assert.deepEqual(byServer.body.events.map((it) => it.data), ['2', '3']);
  assert.deepEqual([byServer.body.complete, byServer.body.more], [true, false]);
  const ask = (who) => call(server, 'GET', `/api/channels/${channel}/events?after=${seen.serial}&app_key=log-key`, { token: who });
  assert.deepEqual((await ask(token)).body, byServer.body);
  assert.equal((await ask(tokenOf('u2', 'ws_2'))).status, 403);
  assert.equal((await ask(undefined)).status, 401);
});
