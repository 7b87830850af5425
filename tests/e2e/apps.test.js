// Several apps on one server: made, re-keyed and switched while it runs, and side by side without a leak.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import PusherSdk from 'pusher';
import { channelAuth } from './lib/crypto.js';
import { APP, dataDirectory, differs, environment, needsProcess, runToEnd, startServer } from './lib/server.js';
import { startReceiver } from './lib/receiver.js';
import { within } from './lib/wait.js';
import { Wire } from './lib/wire.js';

const ADMIN_KEY = 'an-admin-key-for-tests';

/** One process serves a change at once. */
const readAgain = differs('each function reads the apps again after some seconds, and ends no connections then');

const start = (t, data = dataDirectory(t)) => startServer(t, { data, env: environment({ ADMIN_KEY }) });

/** Runs `pushbridge apps …` against a server; answers its JSON. */
async function apps(server, ...args) {
  const done = await runToEnd(['apps', ...args, '--json', '--url', server.url], { env: environment({ ADMIN_KEY }) });
  assert.equal(done.code, 0, done.stderr);
  return JSON.parse(done.stdout);
}

const sdk = (server, appId, pair) =>
  new PusherSdk({ appId, key: pair.key, secret: pair.secret, host: server.host, port: String(server.port) });

const connected = (t, server, pair) => Wire.connect(t, server, { path: `/app/${pair.key}` });

/** Joins a channel, signed with a pair; answers the confirmation's data. */
const signed = (wire, channel, pair, user) => {
  const channelData = user && JSON.stringify({ user_id: user });
  return wire.subscribe(channel, { channelData, auth: channelAuth(wire.socketId, channel, channelData, pair) });
};

const status = async (promise) => promise.then((it) => it.status, (error) => error.status);

describe('apps', { skip: needsProcess }, () => {
  test('an app is made while the server runs, outlives it, and its keys rotate without a gap', { skip: readAgain }, async (t) => {
    const data = dataDirectory(t);
    const first = await start(t, data);
    const { fresh: old } = await apps(first, 'create', '--id', '77', '--name', 'Chat', '--client-events');
    const wire = await connected(t, first, old);
    await signed(wire, 'private-a', old);
    const { fresh } = await apps(first, 'rotate-key', '77');
    for (const pair of [old, fresh]) assert.equal(await status(sdk(first, '77', pair).trigger('private-a', 'e', {})), 200);
    assert.equal((await wire.until('e')).channel, 'private-a');
    assert.equal((await wire.until('e')).channel, 'private-a');
    // The new key is good on a connection that was made before it.
    await signed(wire, 'private-b', fresh);
    const shown = await apps(first, 'remove-key', '77', old.key);
    assert.deepEqual(shown.keys, [fresh.key]);
    assert.equal(await status(sdk(first, '77', old).trigger('private-a', 'e', {})), 401);
    await refused(t, first, old, 4001);
    await first.stop();

    const second = await start(t, data);
    await connected(t, second, fresh);
    const list = (await apps(second, 'list')).apps.map((it) => [it.id, it.source]);
    assert.deepEqual(list, [[APP.id, 'configuration'], ['77', 'table']]);
  });

  test('an app that is switched off ends its connections with 4003 and refuses with 403; others go on', { skip: readAgain }, async (t) => {
    const server = await start(t);
    const { fresh: off } = await apps(server, 'create', '--id', '1');
    const { fresh: on } = await apps(server, 'create', '--id', '2');
    const [gone, stays] = [await connected(t, server, off), await connected(t, server, on)];
    await apps(server, 'disable', '1');
    assert.equal(await within(gone.closed, 'the close'), 4003);
    assert.equal((await gone.until('pusher:error')).data.code, 4003);
    await refused(t, server, off, 4003);
    assert.equal(await status(sdk(server, '1', off).trigger('a', 'e', {})), 403);
    await stays.subscribe('a');
    assert.equal(await status(sdk(server, '2', on).trigger('a', 'e', {})), 200);
    await stays.until('e');
    await apps(server, 'enable', '1');
    await connected(t, server, off);
    assert.equal(await status(sdk(server, '1', off).trigger('a', 'e', {})), 200);
  });

  test('open connections see their app as it is after an edit', { skip: readAgain }, async (t) => {
    const server = await start(t);
    const { fresh } = await apps(server, 'create', '--id', '6', '--history', 'private-log-:10:60');
    const [one, two] = [await connected(t, server, fresh), await connected(t, server, fresh)];
    for (const wire of [one, two]) await signed(wire, 'private-a', fresh);
    const say = (wire) => wire.send('client-hi', { channel: 'private-a', data: 'x'.repeat(50) });
    say(one);
    assert.match((await one.until('pusher:error')).data.message, /client events/i);

    // Client events, counts, history and smaller data, while both are connected.
    const edited = await apps(server, 'edit', '6', '--client-events', '--subscription-counts', '--connections', '3',
      '--history', 'private-a:5:60', '--limit', 'event_data_bytes=60', '--name', 'Six');
    assert.deepEqual([edited.name, edited.limits.connections, edited.history[0].prefix], ['Six', 3, 'private-a']);
    say(one);
    const heard = await two.until('client-hi');
    assert.equal(typeof heard.serial, 'number', 'its channel has a history now');
    one.send('client-hi', { channel: 'private-a', data: 'x'.repeat(61) });
    await one.until('pusher:error');
    assert.equal(await status(sdk(server, '6', fresh).trigger('private-a', 'e', 'x'.repeat(61))), 413);
    // A newcomer is counted to those who were there before; a fourth connection is one too many.
    const third = await connected(t, server, fresh);
    await signed(third, 'private-a', fresh);
    for (const wire of [one, two]) {
      const { data } = await wire.until('pusher_internal:subscription_count');
      assert.equal(JSON.parse(data).subscription_count, 3);
    }
    await refused(t, server, fresh, 4004);

    // Fewer connections than there are: those that are open stay; others are refused. So with pages of other origins.
    await apps(server, 'edit', '6', '--connections', '1', '--origin', 'https://app.example.com', '--client-events=false');
    await one.quiet();
    say(one);
    await one.until('pusher:error');
    await apps(server, 'edit', '6', '--limit', 'connections=default', '--clear', 'history');
    const page = new Wire(server, { path: `/app/${fresh.key}`, origin: 'https://evil.example' });
    t.after(() => page.socket.terminate());
    assert.equal((await page.next('the error')).data.code, 4009);
    await two.quiet();
    const bad = await runToEnd(['apps', 'edit', '6', '--limit', 'conections=1', '--url', server.url], { env: environment({ ADMIN_KEY }) });
    assert.match(bad.stderr, /limits.*There is no such field/);
    assert.match((await runToEnd(['apps', 'edit', '6'], { env: environment({ ADMIN_KEY }) })).stderr, /Name what is to change/);
  });

  test('the same channels, users and socket ids in two apps know nothing of each other', async (t) => {
    const server = await start(t);
    const ids = ['1', '2'];
    const pairs = [];
    for (const id of ids) pairs.push((await apps(server, 'create', '--id', id, '--client-events')).fresh);
    const wires = [];
    for (const pair of pairs) wires.push(await connected(t, server, pair));
    const rosters = [];
    for (const [index, wire] of wires.entries()) {
      await signed(wire, 'private-room', pairs[index]);
      rosters.push(await signed(wire, 'presence-room', pairs[index], 'ann'));
    }
    for (const roster of rosters) assert.equal(roster.presence.count, 1);
    // Server events, client events, and exclusion by the other app's socket id.
    const [one, two] = ids.map((id, index) => sdk(server, id, pairs[index]));
    await one.trigger(['private-room', 'presence-room'], 'from-one', {}, { socket_id: wires[1].socketId });
    assert.equal((await wires[0].until('from-one')).channel, 'private-room');
    wires[0].send('client-hello', { channel: 'private-room', data: {} });
    const users = await (await two.get({ path: '/channels/presence-room/users' })).json();
    assert.deepEqual(users, { users: [{ id: 'ann' }] });
    const info = await (await two.get({ path: '/channels/presence-room', params: { info: 'user_count' } })).json();
    assert.equal(info.user_count, 1);
    wires[0].socket.close();
    await within(wires[0].closed, 'the close');
    // What the second app hears next is its own: nothing of the first came before it.
    await two.trigger('private-room', 'own', {});
    const heard = await wires[1].inbox.until((it) => it.event === 'own', 'own');
    assert.deepEqual(heard.map((it) => it.event), ['own']);
    // Keys and signatures of one app open nothing of the other.
    assert.equal(await status(sdk(server, '2', pairs[0]).trigger('a', 'e', {})), 401);
    const stranger = await connected(t, server, pairs[1]);
    stranger.ask('private-room', { auth: channelAuth(stranger.socketId, 'private-room', undefined, pairs[0]) });
    await stranger.until('pusher:error');
  });

  test('webhooks of an app made here are signed with its oldest key, listed when given up, and replayed', async (t) => {
    const server = await start(t);
    const receiver = await startReceiver(t);
    const { fresh: old } = await apps(server, 'create', '--id', '5', '--webhook', receiver.url);
    await apps(server, 'rotate-key', '5');
    const wire = await connected(t, server, old);
    await wire.subscribe('news');
    const request = await receiver.inbox.next('a webhook');
    const webhook = sdk(server, '5', old).webhook({ headers: request.headers, rawBody: request.body });
    assert.ok(webhook.isValid());
    const env = environment({ ADMIN_KEY });
    const list = await runToEnd(['webhooks', 'list', '--url', server.url], { env });
    assert.deepEqual([list.code, list.stdout], [0, 'No dead letters.\n']);
    const none = await runToEnd(['webhooks', 'replay', 'hook_1', '--url', server.url], { env });
    assert.match(none.stderr, /404.*no such dead letter/);
  });

  test('a dead letter is listed, shown and replayed once its endpoint can be reached', async (t) => {
    const data = dataDirectory(t);
    const receiver = await startReceiver(t);
    const pair = { key: 'dead-key', secret: 'dead-secret' };
    const config = `[[apps]]\nid = "9"\nkeys = [{ key = "${pair.key}", secret = "${pair.secret}" }]\n[[apps.webhooks]]\nurl = "${receiver.url}"\n`;
    writeFileSync(join(data, 'pushbridge.toml'), config);
    const closed = environment({ ADMIN_KEY, PUSHBRIDGE_ALLOW_PRIVATE_ADDRESSES: '0' });
    const first = await startServer(t, { data, env: closed });
    const wire = await connected(t, first, pair);
    await wire.subscribe('news');
    const webhooks = async (server, ...args) => {
      const done = await runToEnd(['webhooks', ...args, '--json', '--url', server.url], { env: closed });
      assert.equal(done.code, 0, done.stderr);
      return JSON.parse(done.stdout);
    };
    let dead = [];
    const end = Date.now() + 20_000;
    while (dead.length === 0) {
      assert.ok(Date.now() < end, 'a dead letter');
      dead = (await webhooks(first, 'list', '--app', '9')).webhooks;
    }
    assert.match(dead[0].why, /must begin with https/);
    assert.equal((await webhooks(first, 'show', dead[0].id)).events[0].channel, 'news');
    await first.stop();
    assert.equal(receiver.inbox.all.length, 0, 'nobody called');

    const second = await start(t, data);
    await webhooks(second, 'replay', dead[0].id);
    const request = await receiver.inbox.next('the replayed webhook');
    assert.equal(request.headers['x-pushbridge-delivery'], dead[0].id);
    assert.ok(sdk(second, '9', pair).webhook({ headers: request.headers, rawBody: request.body }).isValid());
  });

  test('without the admin key nothing is told or changed; without a server it says so', async (t) => {
    const server = await start(t);
    for (const headers of [{}, { authorization: 'Bearer an-admin-key-for-test' }]) {
      const answer = await fetch(`${server.url}/api/admin/apps`, { headers });
      assert.equal(answer.status, 401);
    }
    const none = await runToEnd(['apps', 'list', '--url', server.url], { env: environment() });
    assert.match(none.stderr, /ADMIN_KEY is missing/);
    await server.stop();
    const gone = await runToEnd(['apps', 'list', '--url', server.url], { env: environment({ ADMIN_KEY }) });
    assert.notEqual(gone.code, 0);
    assert.match(gone.stderr, /No server answers/);
  });
});

/** A connection is refused with this code. */
async function refused(t, server, pair, code) {
  const wire = new Wire(server, { path: `/app/${pair.key}` });
  t.after(() => wire.socket.terminate());
  await within(wire.upgraded, 'the upgrade');
  const first = await wire.next('the error');
  assert.deepEqual([first.event, first.data.code], ['pusher:error', code]);
  assert.equal(await within(wire.closed, 'the close'), code);
}
