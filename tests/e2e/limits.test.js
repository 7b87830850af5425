// What is counted, by user, app and address; what is said beyond a limit, and what the audit log keeps.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { channelAuth, jwt, signedPath, tokenOf } from './lib/crypto.js';
import { call } from './lib/rest.js';
import { dataDirectory, differs, environment, needsProcess, startServer } from './lib/server.js';
import { within } from './lib/wait.js';
import { Wire } from './lib/wire.js';

const LIMITED = { key: 'limited-key', secret: 'limited-secret' };
const PATH = `/app/${LIMITED.key}`;
const CONFIG = `
[[apps]]
id = "7"
keys = [{ key = "${LIMITED.key}", secret = "${LIMITED.secret}" }]
client_events = true

[apps.limits]
connections = 60
requests_per_second = 1

[apps.limits.per_user]
commands_per_second = 30
subscribes_per_second = 2
client_events_per_second = 3

[server]
trusted_proxies = ["127.0.0.1"]
connects_per_minute_per_address = 3
auth_failures_per_minute_per_address = 2
api_requests_per_second_per_user = 1
`;

async function limited(t) {
  const data = dataDirectory(t);
  writeFileSync(join(data, 'pushbridge.toml'), CONFIG);
  return startServer(t, { data, env: environment() });
}

const audited = (server, ...words) =>
  server.log.some((line) => line.includes('audit') && words.every((word) => line.includes(word)));

/** Waits until the audit log says so; a frame of `wire` is the clock. */
async function inAudit(wire, server, ...words) {
  for (let turn = 0; turn < 20 && !audited(server, ...words); turn += 1) await wire.quiet();
  assert.ok(audited(server, ...words), `${words}: ${server.log.join('\n')}`);
}

const ping = '{"event":"pusher:ping"}';

describe('limits', { skip: needsProcess }, () => {
  test('subscriptions and client events of one user, over all connections', { skip: differs('messages that come at once are handled in any order') }, async (t) => {
    const server = await limited(t);
    const [one, two] = [await Wire.connect(t, server, { path: PATH }), await Wire.connect(t, server, { path: PATH })];
    const auth = (wire, channel) => channelAuth(wire.socketId, channel, undefined, LIMITED);
    for (const channel of ['private-a', 'private-b']) await one.subscribe(channel, { auth: auth(one, channel) });
    one.ask('private-c', { auth: auth(one, 'private-c') });
    const error = await one.until('pusher:error');
    assert.equal(error.data.code, null);
    assert.match(error.data.message, /^Subscription refused: at most 2 per second and user/);
    const refused = await one.until('pusher:subscription_error');
    assert.deepEqual([refused.channel, refused.data.type, refused.data.status], ['private-c', 'LimitReached', 4301]);
    await two.subscribe('private-a', { auth: auth(two, 'private-a') });
    for (let n = 0; n < 4; n += 1) one.send('client-typing', { channel: 'private-a', data: { n } });
    for (let n = 0; n < 3; n += 1) assert.equal((await two.next()).data.n, n);
    const rate = await one.until('pusher:error');
    assert.equal(rate.data.code, 4301);
    await two.quiet();
    await inAudit(two, server, 'subscribes', 'app=7');
    await inAudit(two, server, 'client_events');
    assert.ok(!server.log.some((line) => line.includes(LIMITED.secret)), 'no secret is logged');
  });

  test('who ignores a hundred refusals is closed for good', { skip: differs('a second goes by before thirty pings are handled') }, async (t) => {
    const server = await limited(t);
    const wire = await Wire.connect(t, server, { path: PATH });
    const bystander = await Wire.connect(t, server, { path: PATH });
    for (let n = 0; n < 400; n += 1) wire.raw(ping);
    assert.equal(await wire.closeCode(), 4301);
    const last = wire.inbox.all.at(-1);
    assert.deepEqual([last.event, last.data.code], ['pusher:error', 4301]);
    await inAudit(bystander, server, 'commands', 'closed=true');
    assert.equal(server.log.filter((line) => line.includes('closed=true')).length, 1, 'and not heard any more');
  });

  test('signed requests beyond the rate are 403 in plain text', { skip: differs('functions take a second to start') }, async (t) => {
    const server = await limited(t);
    const body = JSON.stringify({ name: 'e', data: '', channels: ['c'] });
    const send = () => call(server, 'POST', signedPath('POST', '/apps/7/events', body, LIMITED), {
      raw: body, headers: { 'content-type': 'application/json' },
    });
    const replies = await Promise.all([send(), send(), send()]);
    assert.deepEqual(replies.map((it) => it.status).sort(), [200, 403, 403]);
    const over = replies.find((it) => it.status === 403);
    assert.match(over.body, /^Over quota/);
    assert.match(over.headers.get('content-type'), /^text\/plain/);
  });

  test('requests of a user to the JSON API beyond the rate are 429 with Retry-After', { skip: differs('each environment counts these alone') }, async (t) => {
    const server = await limited(t);
    const ask = () => call(server, 'GET', '/api/posts?workspace_id=ws_1', { token: tokenOf('u1', 'ws_1') });
    const replies = await Promise.all([ask(), ask(), ask()]);
    assert.deepEqual(replies.map((it) => it.status).sort(), [200, 429, 429]);
    const over = replies.find((it) => it.status === 429);
    assert.equal(over.headers.get('retry-after'), '1');
    assert.equal(over.body.error.code, 'too_many_requests');
  });

  test('an address connects only so often; the proxy says which address', async (t) => {
    const server = await limited(t);
    const from = (address) => ({ path: PATH, headers: { 'x-forwarded-for': `198.51.100.1, ${address}` } });
    for (let n = 0; n < 3; n += 1) await Wire.connect(t, server, from('203.0.113.7'));
    const refused = new Wire(server, from('203.0.113.7'));
    t.after(() => refused.socket.terminate());
    const first = await refused.next('the error');
    assert.deepEqual([first.event, first.data.code], ['pusher:error', 4100]);
    assert.match(first.data.message, /^Too many connections from your address: come back in \d+ s$/);
    assert.equal(await refused.closeCode(), 4100);
    const other = await Wire.connect(t, server, from('203.0.113.8'));
    await inAudit(other, server, 'connects', '203.0.113.7');
    for (let n = 0; n < 5; n += 1) await Wire.connect(t, server, { path: PATH });
  });

  test('an address that fails to sign in too often is refused unheard, and its connections end', { skip: differs('a message has no headers') }, async (t) => {
    const server = await limited(t);
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    const [wire, last] = [await Wire.connect(t, server, { path: PATH, headers }), await Wire.connect(t, server, { path: PATH, headers })];
    const auth = `${LIMITED.key}:${'0'.repeat(64)}`;
    for (const channel of ['private-a', 'private-b']) {
      wire.ask(channel, { auth });
      assert.equal((await wire.until('pusher:subscription_error')).data.status, 401);
    }
    last.ask('private-c', { auth });
    assert.equal(await last.closeCode(), 4100);
    await wire.quiet();
    const again = new Wire(server, { path: PATH, headers });
    t.after(() => again.socket.terminate());
    const first = await again.next('the error');
    assert.equal(first.data.code, 4100);
    assert.match(first.data.message, /^Too many wrong signatures and tokens from your address/);
    const bad = jwt({ sub: 'u1' }, { ttl: -3600 });
    const reply = await call(server, 'GET', '/api/posts', { token: bad, headers });
    assert.equal(reply.status, 429);
    const other = { token: bad, headers: { 'x-forwarded-for': '203.0.113.10' } };
    for (const status of [401, 401, 429]) assert.equal((await call(server, 'GET', '/api/posts', other)).status, status);
    for (const address of ['203.0.113.9', '203.0.113.10']) await inAudit(wire, server, 'auth_failures', address);
  });

  test('the connections of an app are counted', async (t) => {
    const server = await limited(t);
    const wires = await Promise.all(Array.from({ length: 60 }, () => Wire.connect(t, server, { path: PATH })));
    const over = new Wire(server, { path: PATH });
    t.after(() => over.socket.terminate());
    await within(over.upgraded, 'the upgrade');
    assert.equal((await over.next()).data.code, 4004);
    assert.equal(await over.closeCode(), 4004);
    await wires[0].quiet();
  });
});

// Where functions serve, each has several environments, and each environment counts what comes to it: these rates are so low
// that all is told to the others, and then as many pass as in one process.
describe('rates that processes keep together', { skip: needsProcess }, () => {
  const APP_FILE = `
[[apps]]
id = "7"
keys = [{ key = "${LIMITED.key}", secret = "${LIMITED.secret}" }]

[apps.limits.per_user]
subscribes_per_second = 2

[server]
trusted_proxies = ["127.0.0.1"]
connects_per_minute_per_address = 3
auth_failures_per_minute_per_address = 4
`;
  const together = async (t) => {
    const data = dataDirectory(t);
    writeFileSync(join(data, 'pushbridge.toml'), APP_FILE);
    return startServer(t, { data, env: environment() });
  };
  const from = (address) => ({ 'x-forwarded-for': address });

  /** What a rate lets pass in the time since `began`: what it lets pass at once, and what grew back. */
  const most = (rate, windowMs, began) => rate + Math.ceil((rate * (Date.now() - began)) / windowMs);

  test('of twelve connections at once from one address as many are let in as the rate says', async (t) => {
    const server = await together(t);
    const began = Date.now();
    const wires = Array.from({ length: 12 }, () => new Wire(server, { path: PATH, headers: from('203.0.113.20') }));
    t.after(() => wires.forEach((wire) => wire.socket.terminate()));
    const first = await Promise.all(wires.map((wire) => wire.next('the first frame')));
    const let_in = first.filter((it) => it.event === 'pusher:connection_established').length;
    assert.ok(let_in >= 3 && let_in <= most(3, 60_000, began), `${let_in} were let in`);
    for (const it of first.filter((it) => it.event === 'pusher:error')) assert.equal(it.data.code, 4100);
    await Wire.connect(t, server, { path: PATH, headers: from('203.0.113.21') });
  });

  test('of forty subscriptions at once of one user as many succeed as the rate says', async (t) => {
    const server = await together(t);
    const token = tokenOf('ann', 'w');
    const connect = () => Wire.connect(t, server, { path: PATH, query: { protocol: 7, token } });
    const wires = [await connect(), await connect()];
    for (const wire of wires) await wire.until('pusher_internal:subscription_succeeded');
    const began = Date.now();
    for (let n = 0; n < 20; n += 1) for (const wire of wires) wire.ask(`news-${n}`);
    const answered = (it) => it.event === 'pusher_internal:subscription_succeeded' || it.event === 'pusher:subscription_error';
    const answers = [];
    for (const wire of wires) for (let n = 0; n < 20; n += 1) answers.push((await wire.inbox.until(answered, 'an answer')).at(-1));
    const succeeded = answers.filter((it) => it.event === 'pusher_internal:subscription_succeeded').length;
    assert.ok(succeeded >= 2 && succeeded <= most(2, 1_000, began), `${succeeded} in ${Date.now() - began} ms`);
    const refused = answers.find((it) => it.event === 'pusher:subscription_error');
    assert.deepEqual([refused.data.type, refused.data.status], ['LimitReached', 4301]);
  });

  test('wrong tokens count together, whatever they are shown to', async (t) => {
    const server = await together(t);
    const bad = jwt({ sub: 'u1' }, { ttl: -3600 });
    const headers = from('203.0.113.22');
    const form = { raw: 'socket_id=1.2&channel_name=private-a', headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' } };
    const sign = () => call(server, 'POST', '/pusher/auth', { token: bad, ...form });
    const ask = () => call(server, 'GET', '/api/posts', { token: bad, headers });
    for (const attempt of [sign, ask, sign, ask]) assert.equal((await attempt()).status, 401);
    const late = new Wire(server, { path: PATH, query: { protocol: 7, token: bad }, headers });
    t.after(() => late.socket.terminate());
    const frame = await late.next('the error');
    // A function that did not hear of it lets the attempt be made; it tells the others, and hears.
    assert.ok([4009, 4100].includes(frame.data.code), JSON.stringify(frame));
    for (const attempt of [sign, ask]) await attempt();
    assert.deepEqual([(await sign()).status, (await ask()).status], [403, 429]);
  });
});
