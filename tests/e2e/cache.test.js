// Channels that greet a newcomer with their last event.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { joined, pusherJs, sdk, signedAs } from './lib/clients.js';
import { PusherWithEncryption } from './lib/encrypted.js';
import { sharedServer } from './lib/server.js';
import { Wire } from './lib/wire.js';

let names = 0;
const fresh = (prefix) => `${prefix}e2e-${process.pid}-${Date.now()}-${names++}`;
const isEvent = (it) => !it.event.startsWith('pusher:member');

describe('cache channels', () => {
  const server = sharedServer();

  for (const prefix of ['cache-', 'private-cache-', 'presence-cache-']) {
    test(`${prefix} tells of a miss, then of the last event`, async (t) => {
      const name = fresh(prefix);
      const first = await pusherJs(t, server, { authorize: signedAs(server, { user_id: 'first' }) });
      const { inbox } = await joined(first, name);
      assert.equal((await inbox.next()).event, 'pusher:cache_miss');
      await sdk(server).trigger(name, 'one', { n: 1 });
      await sdk(server).trigger(name, 'two', { n: 2 });
      const second = await pusherJs(t, server, { authorize: signedAs(server, { user_id: 'second' }) });
      const late = await joined(second, name);
      assert.deepEqual(await late.inbox.next(), { event: 'two', data: { n: 2 } });
      const heard = await inbox.until((it) => it.event === 'two');
      assert.deepEqual(heard.filter(isEvent).map((it) => it.event), ['one', 'two']);
    });
  }

  test('an encrypted one keeps what only its clients can read', async (t) => {
    const name = fresh('private-encrypted-cache-');
    const backend = sdk(server, { encryptionMasterKeyBase64: randomBytes(32).toString('base64') });
    await backend.trigger(name, 'secret', { n: 1 });
    const authorize = ({ socketId, channelName }, callback) =>
      callback(null, backend.authorizeChannel(socketId, channelName));
    const client = await pusherJs(t, server, { authorize, Client: PusherWithEncryption });
    const { inbox } = await joined(client, name);
    assert.deepEqual(await inbox.next(), { event: 'secret', data: { n: 1 } });
  });

  test('the event follows the subscription; clients\' events are never kept', async (t) => {
    const name = fresh('private-cache-');
    const wire = await Wire.connect(t, server);
    await wire.subscribe(name);
    assert.deepEqual(await wire.next(), { event: 'pusher:cache_miss', channel: name, data: '{}' });
    await sdk(server).trigger(name, 'kept', 'as "it" is');
    const event = await wire.next();
    wire.send('client-chat', { channel: name, data: {} });
    await wire.quiet();
    const late = await Wire.connect(t, server);
    await late.subscribe(name);
    assert.deepEqual(await late.next(), event);
    await late.quiet();
    // Subscribing anew is being a newcomer again.
    wire.send('pusher:unsubscribe', { data: { channel: name } });
    await wire.quiet();
    await wire.subscribe(name);
    assert.deepEqual(await wire.next(), event);
  });

  test('a name that only contains the prefix is an ordinary channel', async (t) => {
    const name = fresh('mycache-');
    await sdk(server).trigger(name, 'lost', {});
    const wire = await Wire.connect(t, server);
    await wire.subscribe(name);
    await wire.quiet();
  });
});
