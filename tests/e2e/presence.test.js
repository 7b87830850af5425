// Rosters are about users, not sockets.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { joined, pusherJs, signedAs } from './lib/clients.js';
import { sharedServer } from './lib/server.js';
import { Wire } from './lib/wire.js';

let names = 0;
const fresh = () => `presence-e2e-${process.pid}-${Date.now()}-${names++}`;
const member = (user_id, user_info) => ({ channelData: JSON.stringify({ user_id, user_info }) });

describe('presence', () => {
  const server = sharedServer();

  test('three tabs of two users, one dropped without a goodbye', async (t) => {
    const name = fresh();
    const watcher = await pusherJs(t, server, { authorize: signedAs(server, { user_id: 'watcher' }) });
    const { channel, inbox } = await joined(watcher, name);
    assert.equal(channel.members.count, 1);
    assert.equal(channel.members.me.id, 'watcher');

    const first = await Wire.connect(t, server);
    const roster = await first.subscribe(name, member('ada', { name: 'Ada' }));
    assert.deepEqual(roster.presence.hash, { watcher: null, ada: { name: 'Ada' } });
    assert.deepEqual(roster.presence.ids.toSorted(), ['ada', 'watcher']);
    assert.equal(roster.presence.count, 2);
    const second = await Wire.connect(t, server);
    assert.equal((await second.subscribe(name, member('ada', { name: 'Ada' }))).presence.count, 2);
    const third = await Wire.connect(t, server);
    assert.equal((await third.subscribe(name, member('bob'))).presence.count, 3);

    // Ada's first tab leaves cleanly; that it was handled shows in the order of its own frames.
    await first.until('pusher_internal:member_added');
    first.send('pusher:unsubscribe', { data: { channel: name } });
    await first.quiet();
    third.send('pusher:unsubscribe', { data: { channel: name } });
    const left = await inbox.until((it) => it.event === 'pusher:member_removed');
    second.socket.terminate();
    const gone = await inbox.next('the dropped tab to be missed');

    assert.deepEqual(
      [...left, gone].map((it) => `${it.event} ${it.data.id}`),
      ['pusher:member_added ada', 'pusher:member_added bob', 'pusher:member_removed bob', 'pusher:member_removed ada'],
    );
    assert.deepEqual(Object.keys(channel.members.members), ['watcher']);
    assert.equal(channel.members.count, 1);
  });

  test('numeric ids become strings everywhere', async (t) => {
    const name = fresh();
    const seven = await Wire.connect(t, server);
    assert.deepEqual((await seven.subscribe(name, member(7))).presence, { count: 1, ids: ['7'], hash: { 7: null } });
    const eight = await Wire.connect(t, server);
    await eight.subscribe(name, member(8, { n: 1 }));
    const added = await seven.next();
    assert.equal(added.event, 'pusher_internal:member_added');
    assert.deepEqual(JSON.parse(added.data), { user_id: '8', user_info: { n: 1 } });
    // The same user by text: no second arrival, no second entry.
    const again = await Wire.connect(t, server);
    assert.equal((await again.subscribe(name, member('8', { n: 2 }))).presence.count, 2);
    await seven.quiet();
    eight.socket.terminate();
    again.socket.terminate();
    const removed = await seven.next('the removal');
    assert.equal(removed.event, 'pusher_internal:member_removed');
    assert.deepEqual(JSON.parse(removed.data), { user_id: '8' });
    await seven.quiet();
  });

  test('a newcomer does not hear of itself, nor one who leaves', async (t) => {
    const name = fresh();
    const [one, two] = [await Wire.connect(t, server), await Wire.connect(t, server)];
    await one.subscribe(name, member('one'));
    await two.subscribe(name, member('two'));
    await two.quiet();
    assert.equal((await one.next()).event, 'pusher_internal:member_added');
    two.send('pusher:unsubscribe', { data: { channel: name } });
    await two.quiet();
    assert.equal((await one.next()).event, 'pusher_internal:member_removed');
  });

  test('members without an id, or too much about them, are refused', async (t) => {
    const wire = await Wire.connect(t, server);
    const name = fresh();
    const refused = ['', '{', '{}', '{"user_id":null}', '{"user_id":{}}', '{"user_id":""}',
      JSON.stringify({ user_id: 'x'.repeat(129) }), JSON.stringify({ user_id: 'x', user_info: 'x'.repeat(1025) })];
    for (const channelData of refused) {
      wire.ask(name, { channelData });
      const error = await wire.until('pusher:error');
      assert.equal(error.data.code, null, channelData.slice(0, 40));
    }
    const roster = await (async () => {
      wire.ask(name, member('x', 'x'.repeat(1022)));
      return JSON.parse((await wire.until('pusher_internal:subscription_succeeded')).data);
    })();
    assert.equal(roster.presence.count, 1);
  });

  test('the 101st member is refused, a second tab of the 100th is not', async (t) => {
    const name = fresh();
    const wires = await Promise.all(Array.from({ length: 101 }, () => Wire.connect(t, server)));
    for (const [number, wire] of wires.slice(0, 100).entries()) {
      wire.ask(name, member(`m${number}`));
      await wire.until('pusher_internal:subscription_succeeded');
    }
    wires[100].ask(name, member('one-too-many'));
    const error = await wires[100].until('pusher:subscription_error');
    assert.equal(error.data.type, 'LimitReached');
    wires[100].ask(name, member('m99'));
    const reply = await wires[100].until('pusher_internal:subscription_succeeded');
    assert.equal(JSON.parse(reply.data).presence.count, 100);
  });
});
