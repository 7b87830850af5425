// The first messages, and what the server says to frames that it does not understand.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { tokenOf, jwt } from './lib/crypto.js';
import { APP, differs, sharedServer } from './lib/server.js';
import { pusherJs } from './lib/clients.js';
import { within } from './lib/wait.js';
import { Wire } from './lib/wire.js';

describe('handshake', () => {
  const server = sharedServer();

  for (const protocol of [5, 6, 7]) {
    test(`protocol ${protocol} is greeted`, async (t) => {
      const wire = await Wire.connect(t, server, { query: { protocol, client: 'js', version: '8.6.0', flash: false } });
      assert.match(wire.hello.socket_id, /^\d+\.\d+$/);
      assert.equal(wire.hello.activity_timeout, 120);
      for (const part of wire.socketId.split('.')) assert.ok(Number(part) <= Number.MAX_SAFE_INTEGER);
    });
  }

  const refusals = [
    ['an unknown key', { path: '/app/no-such-key' }, 4001],
    ['a path that is none', { path: '/nowhere' }, 4005],
    ['a version that is no number', { query: { protocol: 'abc' } }, 4006],
    ['a version too old', { query: { protocol: 4 } }, 4007],
    ['a version too new', { query: { protocol: 8 } }, 4007],
    ['no version', { query: {} }, 4008],
    ['a garbage token', { query: { protocol: 7, token: 'garbage' } }, 4009],
    ['an expired token', { query: { protocol: 7, token: jwt({ sub: 'u1' }, { ttl: -3600 }) } }, 4009],
    ['a token without an end', { query: { protocol: 7, token: jwt({ sub: 'u1', exp: undefined }) } }, 4009],
    ['a token signed by another', { query: { protocol: 7, token: jwt({ sub: 'u1' }, { secret: 'x'.repeat(32) }) } }, 4009],
    ['a token without a signature', { query: { protocol: 7, token: jwt({ sub: 'u1' }, { header: { alg: 'none' } }).replace(/[^.]*$/, '') } }, 4009],
    ['an expired token as subprotocol', { protocols: [`bearer.${jwt({ sub: 'u1' }, { ttl: -3600 })}`] }, 4009],
  ];
  for (const [name, options, code] of refusals) {
    const skip = code === 4005 && differs('an upgrade on another path goes to the HTTP API, which has none');
    test(`${name}: upgrade accepted, error ${code} first, then closed with it`, { skip }, async (t) => {
      const wire = new Wire(server, options);
      t.after(() => wire.socket.terminate());
      await within(wire.upgraded, 'the upgrade');
      const first = await wire.next('the error');
      assert.equal(first.event, 'pusher:error');
      assert.equal(first.data.code, code);
      assert.ok(first.data.message.length > 0);
      assert.equal(await wire.closeCode(), code);
      assert.equal(wire.inbox.all.length, 1);
    });
  }

  test('pusher-js stays away after 4001', async (t) => {
    const errors = [];
    const wire = new Wire(server, { path: '/app/no-such-key' });
    assert.equal(await wire.closeCode(), 4001);
    const { default: PusherClient } = await import('pusher-js');
    const client = new PusherClient('no-such-key', {
      cluster: 'unused', wsHost: server.host, wsPort: server.port, wssPort: server.port,
      forceTLS: server.tls, enabledTransports: ['ws', 'wss'],
    });
    t.after(() => client.disconnect());
    client.connection.bind('error', (error) => errors.push(error.error?.data?.code ?? error.data?.code));
    await within(new Promise((resolve) => client.connection.bind('disconnected', resolve)), 'disconnected');
    assert.ok(errors.includes(4001), `errors: ${errors}`);
  });

  test('pusher-js connects with nothing but a host name', async (t) => {
    const client = await pusherJs(t, server);
    assert.equal(client.connection.state, 'connected');
    assert.match(client.connection.socket_id, /^\d+\.\d+$/);
  });

  test('a ping is answered', async (t) => {
    const wire = await Wire.connect(t, server);
    wire.send('pusher:ping', { data: {} });
    assert.deepEqual(await wire.next(), { event: 'pusher:pong', data: {} });
    wire.raw('{"event":"pusher:ping"}');
    assert.deepEqual(await wire.next(), { event: 'pusher:pong', data: {} });
  });

  test('two connections have different socket ids', async (t) => {
    const [one, two] = [await Wire.connect(t, server), await Wire.connect(t, server)];
    assert.notEqual(one.socketId, two.socketId);
  });

  const garbage = ['', '{', '[]', 'null', '7', '"text"', '{"event":7}', '{"data":{}}', '{"event":"pusher:nope"}',
    '{"event":"pusher_internal:subscription_succeeded","channel":"a"}', '{"event":"chat","channel":"a"}',
    '{"event":"pusher:subscribe"}', '{"event":"pusher:subscribe","data":{"channel":7}}', '['.repeat(20_000)];
  test('garbage gets an error without a code and the connection goes on', async (t) => {
    const wire = await Wire.connect(t, server);
    for (const text of garbage) {
      wire.raw(text);
      const reply = await wire.next(`the answer to ${text.slice(0, 80)}`);
      assert.equal(reply.event, 'pusher:error', text);
      assert.equal(reply.data.code, null, text);
    }
    await wire.quiet();
  });

  test('a binary frame closes that connection with 1003 and no other', async (t) => {
    const [bad, good] = [await Wire.connect(t, server), await Wire.connect(t, server)];
    bad.raw(Buffer.from([1, 2, 3]), { binary: true });
    assert.equal(await bad.closeCode(), 1003);
    await good.quiet();
  });

  test('an oversized message closes that connection with 1009 and no other', async (t) => {
    const [bad, good] = [await Wire.connect(t, server), await Wire.connect(t, server)];
    bad.raw(JSON.stringify({ event: 'pusher:ping', data: 'x'.repeat(128 * 1024) }));
    assert.equal(await bad.closeCode(), 1009);
    await good.quiet();
  });

  test('text that is no UTF-8 closes that connection with 1007', async (t) => {
    const wire = await Wire.connect(t, server);
    wire.raw(Buffer.from([0xff, 0xfe]), { binary: false });
    assert.equal(await wire.closeCode(), 1007);
  });

  test('a plain client is signed in by ?token= and joined to its own channel', async (t) => {
    const wire = await Wire.connect(t, server, { query: { protocol: 7, token: tokenOf('u1', 'ws_1') } });
    const joined = await wire.next('its own channel');
    assert.deepEqual(joined, { event: 'pusher_internal:subscription_succeeded', channel: 'private-user-u1', data: '{}' });
    await wire.quiet();
  });

  test('a plain client is signed in by subprotocol, and the server picks none it was not offered', async (t) => {
    const token = tokenOf('u1', 'ws_1');
    const wire = await Wire.connect(t, server, { protocols: [`bearer.${token}`] });
    assert.equal(wire.socket.protocol, `bearer.${token}`);
    assert.equal((await wire.next()).channel, 'private-user-u1');
  });

  test('a plain client subscribes by policy and is refused what is foreign', async (t) => {
    const wire = await Wire.connect(t, server, { query: { protocol: 7, token: tokenOf('u1', 'ws_1') } });
    await wire.next('its own channel');
    await wire.subscribe('private-workspace-ws_1', { auth: '' });
    await wire.subscribe('private-dashboard-ws_1', { auth: '' });
    for (const channel of ['private-workspace-ws_2', 'private-user-u12', 'private-user-u', 'private-post-none', 'private-anything', '#server-to-user-u2']) {
      wire.ask(channel, { auth: '' });
      const error = await wire.until('pusher:subscription_error');
      assert.equal(error.channel, channel);
      assert.equal(error.data.status, 403, channel);
    }
    const roster = await (async () => {
      wire.ask('presence-workspace-ws_1', { auth: '' });
      return JSON.parse((await wire.until('pusher_internal:subscription_succeeded')).data);
    })();
    assert.deepEqual(roster.presence.ids, ['u1']);
  });

  test('the wrong path is an answer, not a crash', async () => {
    const response = await fetch(`${server.url}/app/${APP.key}`);
    assert.ok(response.status >= 400 && response.status < 500, String(response.status));
  });
});
