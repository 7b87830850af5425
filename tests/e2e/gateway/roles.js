// What functions do that no other test makes them do: events of the bus, slices of a fan-out, and finding out who is gone.
// Together with the rest of the suite that is all they may do: `cargo xtask test` holds their calls against their roles.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { signedPath, tokenOf } from '../lib/crypto.js';
import { settled } from '../lib/host.js';
import { startReceiver } from '../lib/receiver.js';
import { call, schedule, webhookAccount } from '../lib/rest.js';
import { APP, appFile, sharedServer } from '../lib/server.js';
import { Wire } from '../lib/wire.js';

let names = 0;
const fresh = (prefix) => `${prefix}-roles-${process.pid}-${Date.now()}-${names++}`;
const member = (user_id) => ({ channelData: JSON.stringify({ user_id }) });

describe('functions by themselves', () => {
  const server = sharedServer({ config: appFile('history = [{ prefix = "private-log-", count = 10, age_s = 300 }]') });
  const control = async (method, path, body) => {
    const reply = await fetch(`${server.control}/_emulated/${path}`, { method, body: body && JSON.stringify(body) });
    assert.ok(reply.ok, `${path}: ${reply.status}`);
    return reply;
  };
  const invoke = async (name, event) => (await control('POST', `invoke/${name}`, event)).json();
  const connections = async () => (await control('GET', 'connections')).json();
  const ofBus = (channel, name) => ({
    version: '0',
    id: randomUUID(),
    'detail-type': 'pushbridge.trigger',
    source: 'shop',
    detail: { channels: [channel], name, data: { n: 1 } },
  });

  test('an event of the bus reaches its channel once, and can be had again', async (t) => {
    const channel = fresh('private-log');
    const wire = await Wire.connect(t, server);
    await wire.subscribe(channel);
    const event = ofBus(channel, 'paid');
    assert.deepEqual(await invoke('bridge', event), { published: 1 });
    assert.equal((await wire.next()).event, 'paid');
    assert.deepEqual(await invoke('bridge', event), { published: 0 });
    await wire.quiet();
    const path = signedPath('GET', `/apps/${APP.id}/channels/${channel}/events`, '', { query: { after: 0 } });
    assert.deepEqual((await call(server, 'GET', path)).body.events.map((it) => it.event), ['paid']);
  });

  /** Each way in which a function posts to those on a channel, with a member who hears it. */
  const ways = {
    message: (channel, watcher) => watcher.send('client-knock', { channel, data: {} }),
    bridge: (channel) => invoke('bridge', ofBus(channel, 'knock')),
    fanout: async (channel, _, ids) => {
      const frame = JSON.stringify({ event: 'knock', channel, data: '{}' });
      assert.deepEqual(await invoke('fanout', { frame, connections: ids }), { posted: 2, gone: 1 });
    },
  };
  for (const [name, knock] of Object.entries(ways)) {
    test(`${name} buries a member of whose end nobody heard`, async (t) => {
      const channel = fresh('presence');
      const before = await connections();
      const [watcher, ghost] = [await Wire.connect(t, server), await Wire.connect(t, server)];
      const ids = (await connections()).filter((id) => !before.includes(id));
      await watcher.subscribe(channel, member('watcher'));
      await ghost.subscribe(channel, member('ghost'));
      assert.equal((await watcher.next('the arrival')).event, 'pusher_internal:member_added');
      await control('PUT', 'faults', [{ action: 'invoke', function: 'disconnect', times: 1, fault: 'kill' }]);
      ghost.socket.terminate();
      await ghost.closed;
      await settled(server);
      await knock(channel, watcher, ids);
      const gone = await watcher.until('pusher_internal:member_removed');
      assert.equal(JSON.parse(gone.data).user_id, 'ghost');
    });
  }

  test('a post that fails is told to its author, in a note that can be read', async (t) => {
    const token = tokenOf(fresh('author'), 'ws_1');
    const wire = await Wire.connect(t, server, { query: { protocol: 7, token } });
    const receiver = await startReceiver(t, { hold: true });
    const account = await webhookAccount(server, token, receiver.url);
    await schedule(server, token, [account]);
    (await receiver.inbox.next('the delivery')).answer(400);
    await wire.until('notification:received');
    const { body } = await call(server, 'GET', '/api/notifications', { token });
    assert.deepEqual([body.unread_count, body.notifications.map((it) => it.kind)], [1, ['post_failed']]);
    const read = await call(server, 'POST', '/api/notifications/read', { token, body: {} });
    assert.equal(read.body.unread_count, 0, JSON.stringify(read.body));
  });
});
