// Subscribing in all its shapes, and events through the official server SDK.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { channelAuth, signedPath } from './lib/crypto.js';
import { joined, pusherJs, sdk, signedAs } from './lib/clients.js';
import { APP, sharedServer } from './lib/server.js';
import { call } from './lib/rest.js';
import { Wire } from './lib/wire.js';

let names = 0;
/** A channel of this test alone, also on a shared host. */
const fresh = (prefix = '') => `${prefix}e2e-${process.pid}-${Date.now()}-${names++}`;

describe('channels', () => {
  const server = sharedServer();

  test('subscribing twice is answered with an error and does not deliver twice', async (t) => {
    const wire = await Wire.connect(t, server);
    const name = fresh();
    assert.deepEqual(await wire.subscribe(name), {});
    wire.ask(name);
    const error = await wire.until('pusher:error');
    assert.equal(error.data.code, null);
    assert.equal(error.data.message, `Existing subscription to channel ${name}`);
    await sdk(server).trigger(name, 'once', {});
    await sdk(server).trigger(name, 'marker', {});
    assert.equal((await wire.until('once')).channel, name);
    assert.equal((await wire.next()).event, 'marker');
  });

  test('unsubscribing ends delivery; unsubscribing from what is unknown is an error', async (t) => {
    const wire = await Wire.connect(t, server);
    const [left, kept] = [fresh(), fresh()];
    await wire.subscribe(left);
    await wire.subscribe(kept);
    wire.send('pusher:unsubscribe', { data: { channel: left } });
    await wire.quiet();
    await sdk(server).trigger(left, 'unheard', {});
    await sdk(server).trigger(kept, 'marker', {});
    assert.equal((await wire.next()).event, 'marker');
    wire.send('pusher:unsubscribe', { data: { channel: left } });
    const error = await wire.next();
    assert.equal(error.event, 'pusher:error');
    assert.equal(error.data.message, `No current subscription to channel ${left}, or subscription in progress`);
    await wire.subscribe(left);
  });

  test('a signature is needed, in form, by a known key, over these words', async (t) => {
    const wire = await Wire.connect(t, server);
    const name = fresh('private-');
    const good = channelAuth(wire.socketId, name);
    const cases = [
      ['', /^Auth info required to subscribe to /],
      ['no-colon', /should be of format 'key:signature'/],
      [good.replace(APP.key, 'other-key'), /^Invalid key in subscription auth data: 'other-key'/],
      [`${APP.key}:${'0'.repeat(64)}`, /^Invalid signature: /],
      [channelAuth('1.1', name), /^Invalid signature: /],
      [channelAuth(wire.socketId, `${name}x`), /^Invalid signature: /],
      [channelAuth(wire.socketId, name, '{"user_id":"1"}'), /^Invalid signature: /],
      [channelAuth(wire.socketId, name, undefined, { secret: 'wrong' }), /^Invalid signature: /],
    ];
    for (const [auth, message] of cases) {
      wire.ask(name, { auth });
      const taken = [await wire.next(), await wire.next()];
      const error = taken.find((it) => it.event === 'pusher:error');
      const channelError = taken.find((it) => it.event === 'pusher:subscription_error');
      assert.equal(error?.data.code, null, auth);
      assert.match(error.data.message, message, auth);
      assert.ok(!error.data.message.includes(good.split(':')[1]), 'the right signature is never shown');
      assert.equal(channelError?.channel, name);
      assert.equal(channelError.data.status, 401);
    }
    await wire.subscribe(name, { auth: good });
  });

  test('channel_data is part of what is signed on every channel type', async (t) => {
    const wire = await Wire.connect(t, server);
    const name = fresh('private-');
    const channelData = '{"user_id":"u1"}';
    wire.ask(name, { auth: channelAuth(wire.socketId, name), channelData });
    assert.match((await wire.until('pusher:error')).data.message, /^Invalid signature/);
    await wire.until('pusher:subscription_error');
    await wire.subscribe(name, { channelData });
  });

  test('names that are none are refused', async (t) => {
    const wire = await Wire.connect(t, server);
    for (const name of ['', 'a b', 'a/b', '../etc', '#other', 'ünïcode', 'x'.repeat(201)]) {
      wire.ask(name, { auth: '' });
      const error = await wire.until('pusher:error');
      assert.equal(error.data.code, null, name);
      assert.match(error.data.message, /name/i);
      assert.equal((await wire.next()).event, 'pusher:subscription_error');
    }
    await wire.subscribe(`${fresh()}${'x'.repeat(100)}`);
  });

  test('the SDK publishes to one channel and to several; data arrives unchanged', async (t) => {
    const client = await pusherJs(t, server, { authorize: signedAs(server, { user_id: 'u1' }) });
    const [open, gated] = [fresh(), fresh('private-')];
    const [one, two] = [await joined(client, open), await joined(client, gated)];
    const reply = await sdk(server).trigger(open, 'post:published', { text: 'ü "quoted"', n: 1.5 });
    assert.equal(reply.status, 200);
    assert.equal(await reply.text(), '{}');
    assert.deepEqual(await one.inbox.next(), { event: 'post:published', data: { text: 'ü "quoted"', n: 1.5 } });
    const both = await sdk(server).trigger([open, gated], 'App\\Events\\Done', 'plain text');
    assert.equal(await both.text(), '{}');
    for (const { inbox } of [one, two]) {
      assert.deepEqual(await inbox.next(), { event: 'App\\Events\\Done', data: 'plain text' });
    }
  });

  test('a hundred channels at once are fine, one more is refused', async (t) => {
    const wire = await Wire.connect(t, server);
    const many = Array.from({ length: 100 }, () => fresh());
    await wire.subscribe(many[99]);
    await sdk(server).trigger(many, 'wide', {});
    assert.equal((await wire.next()).event, 'wide');
    const body = JSON.stringify({ name: 'e', data: '{}', channels: [...many, fresh()] });
    const path = signedPath('POST', `/apps/${APP.id}/events`, body);
    const refused = await call(server, 'POST', path, { raw: body, headers: { 'content-type': 'application/json' } });
    assert.equal(refused.status, 400);
    assert.match(refused.headers.get('content-type'), /^text\/plain/);
  });

  test('socket_id leaves out that one socket', async (t) => {
    const [sender, other] = [await Wire.connect(t, server), await Wire.connect(t, server)];
    const name = fresh();
    await sender.subscribe(name);
    await other.subscribe(name);
    await sdk(server).trigger(name, 'for-others', {}, { socket_id: sender.socketId });
    await sdk(server).trigger(name, 'marker', {});
    assert.equal((await other.next()).event, 'for-others');
    assert.equal((await other.next()).event, 'marker');
    assert.equal((await sender.next()).event, 'marker');
  });

  test('data above 10 KB is refused with 413', async () => {
    const trigger = (bytes) => sdk(server).trigger(fresh(), 'big', 'x'.repeat(bytes));
    assert.equal((await trigger(10_240)).status, 200);
    await assert.rejects(trigger(10_241), (error) => {
      assert.equal(error.status, 413);
      assert.match(error.body, /exceeds the allowed maximum \(10240 bytes\)/);
      return true;
    });
  });

  test('a wrong secret is 401, an unknown app 404, a wrong key 401', async () => {
    const status = (more) =>
      sdk(server, more).trigger(fresh(), 'e', {}).then((it) => it.status, (error) => error.status);
    assert.equal(await status({ secret: 'wrong' }), 401);
    assert.equal(await status({ key: 'wrong' }), 401);
    assert.equal(await status({ appId: '999999' }), 404);
    assert.equal(await status({}), 200);
  });

  test('a request signed too long ago, or for other bytes, is 401', async () => {
    const body = JSON.stringify({ name: 'e', data: '{}', channels: ['c'] });
    const send = (path, raw = body) =>
      call(server, 'POST', path, { raw, headers: { 'content-type': 'application/json' } });
    const path = `/apps/${APP.id}/events`;
    assert.equal((await send(signedPath('POST', path, body))).status, 200);
    assert.equal((await send(signedPath('POST', path, body, { now: Date.now() - 700_000 }))).status, 401);
    assert.equal((await send(signedPath('POST', path, body, { now: Date.now() + 700_000 }))).status, 401);
    assert.equal((await send(signedPath('POST', path, body), body.replace('"e"', '"f"'))).status, 401);
    assert.equal((await send(signedPath('GET', path, body))).status, 401);
    assert.equal((await send(path)).status, 401);
  });

  test('an event that is no event is 400 in plain text', async () => {
    const bodies = ['{', '[]', '{"name":"e","data":{},"channels":["c"]}', '{"data":"","channels":["c"]}',
      '{"name":"e","data":"","channels":[]}', '{"name":"e","data":""}', '{"name":"pusher:x","data":"","channels":["c"]}',
      '{"name":"e","data":"","channels":["a b"]}', '{"name":"e","data":"","channels":["c"],"socket_id":"x"}'];
    for (const body of bodies) {
      const path = signedPath('POST', `/apps/${APP.id}/events`, body);
      const reply = await call(server, 'POST', path, { raw: body, headers: { 'content-type': 'application/json' } });
      assert.equal(reply.status, 400, body);
      assert.match(reply.headers.get('content-type'), /^text\/plain/, body);
      assert.ok(reply.body.length > 0 && !reply.body.includes('\n'), body);
    }
  });

  test('pusher-js resubscribes after its connection was cut', async (t) => {
    const name = fresh('private-');
    const client = await pusherJs(t, server, { authorize: signedAs(server, { user_id: 'u1' }) });
    const { channel, inbox } = await joined(client, name);
    const before = client.connection.socket_id;
    const again = new Promise((resolve) => channel.bind('pusher:subscription_succeeded', resolve));
    client.connection.connection.close();
    await again;
    assert.notEqual(client.connection.socket_id, before);
    await sdk(server).trigger(name, 'after', {});
    assert.equal((await inbox.until((it) => it.event === 'after')).length, 1);
  });
});
