// What goes wrong around functions: the store, the way to clients, the functions themselves. Nothing that was accepted is
// lost, nobody stays present for long who is gone, and clients see at worst a reconnect. Needs the emulated gateway.
import { beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { joined, pusherJs, sdk, signedAs } from '../lib/clients.js';
import { tokenOf } from '../lib/crypto.js';
import { settled } from '../lib/host.js';
import { call, schedule, webhookAccount } from '../lib/rest.js';
import { startReceiver } from '../lib/receiver.js';
import { sharedServer } from '../lib/server.js';
import { within } from '../lib/wait.js';
import { Wire } from '../lib/wire.js';

let names = 0;
const fresh = (prefix = '') => `${prefix}faults-${process.pid}-${Date.now()}-${names++}`;
const member = (user_id) => ({ channelData: JSON.stringify({ user_id }) });

describe('faults', () => {
  const server = sharedServer();
  const control = async (method, path, body) => {
    const reply = await fetch(`${server.control}/_emulated/${path}`, { method, body: body && JSON.stringify(body) });
    assert.ok(reply.ok, `${path}: ${reply.status}`);
    return reply;
  };
  const faults = (...rules) => control('PUT', 'faults', rules);
  beforeEach(() => faults());

  /** Every frame is one that pusher-js understands: an error frame of the gateway has no event. */
  function assertUnderstood(wire) {
    for (const frame of wire.inbox.all) assert.equal(typeof frame.event, 'string', JSON.stringify(frame));
  }

  for (const [name, fault] of [['throttled', 'throttled'], ['broken', { status: 500 }], ['cut off', 'cut'], ['slow', { slow: 300 }]]) {
    test(`a store that is ${name} for a while costs a client at most another try`, async (t) => {
      const wire = await Wire.connect(t, server);
      await faults({ action: 'dynamodb:*', function: 'message', times: 2, fault });
      const channel = fresh();
      wire.ask(channel);
      const reply = await wire.next('the answer');
      assertUnderstood(wire);
      if (reply.event !== 'pusher_internal:subscription_succeeded') {
        await settled(server);
        await faults();
        const again = await Wire.connect(t, server);
        await again.subscribe(channel);
        await sdk(server).trigger(channel, 'e', {});
        assert.equal((await again.next()).event, 'e');
        return;
      }
      await sdk(server).trigger(channel, 'e', {});
      assert.equal((await wire.next()).event, 'e');
    });
  }

  test('a function that is killed shows a frame of the gateway at worst, and the next message is served', async (t) => {
    const wire = await Wire.connect(t, server);
    const channel = fresh();
    for (const [skip, fault] of [[0, 'kill'], [1, 'kill'], [1, 'kill_after'], [2, 'kill_after']]) {
      await faults({ action: 'dynamodb:*', function: 'message', skip, times: 1, fault });
      wire.ask(channel);
      await settled(server);
      await faults();
    }
    // Whatever was written: after a reconnect all is well.
    wire.socket.terminate();
    const again = await Wire.connect(t, server);
    await again.subscribe(channel);
    await sdk(server).trigger(channel, 'e', {});
    assert.equal((await again.next()).event, 'e');
  });

  /** A presence channel with a watcher, and with a ghost: a member whose goodbye got lost. */
  async function haunted(t) {
    const name = fresh('presence-');
    const client = await pusherJs(t, server, { authorize: signedAs(server, { user_id: 'watcher' }) });
    const { channel, inbox } = await joined(client, name);
    const wire = await Wire.connect(t, server);
    await wire.subscribe(name, member('ghost'));
    assert.equal((await inbox.next('the arrival')).event, 'pusher:member_added');
    await faults({ action: 'invoke', function: 'disconnect', times: 1, fault: 'kill' });
    wire.socket.terminate();
    await settled(server);
    return { name, channel, inbox };
  }

  test('a presence channel has no ghost of a client that was lost while a function was killed', async (t) => {
    const { name, channel, inbox } = await haunted(t);
    // Nobody said goodbye. Whoever publishes finds out.
    await sdk(server).trigger(name, 'knock', {});
    const gone = await inbox.until((it) => it.event === 'pusher:member_removed', 'the ghost to leave');
    assert.equal(gone.at(-1).data.id, 'ghost');
    assert.equal(channel.members.count, 1);
  });

  test('a client whose goodbye got lost is missed on a silent channel as well', async (t) => {
    const { name, channel, inbox } = await haunted(t);
    // Nobody publishes. All have had their turn after eight minutes.
    for (let minute = 0; minute < 8; minute++) {
      await control('POST', 'invoke/publish', { time: new Date(minute * 60_000).toISOString() });
    }
    const gone = await inbox.until((it) => it.event === 'pusher:member_removed', 'the ghost to leave');
    assert.equal(gone.at(-1).data.id, 'ghost');
    assert.equal(channel.members.count, 1);
  });

  for (const fault of ['throttled', { status: 500 }, 'cut']) {
    test(`a post to a client that meets ${JSON.stringify(fault)} is tried again`, async (t) => {
      const wire = await Wire.connect(t, server);
      const name = fresh();
      await wire.subscribe(name);
      await faults({ action: 'execute-api:*', function: 'api', times: 1, fault });
      await sdk(server).trigger(name, 'heard', {});
      assert.equal((await wire.next('the event')).event, 'heard');
    });
  }

  test('a 410 of a client that is there is not believed at once', async (t) => {
    const wire = await Wire.connect(t, server);
    const name = fresh();
    await wire.subscribe(name);
    await faults({ action: 'execute-api:*', function: 'api', times: 1, fault: { status: 410 } });
    await sdk(server).trigger(name, 'first', {});
    await sdk(server).trigger(name, 'second', {});
    const heard = await wire.inbox.until((it) => it.event === 'second', 'the second event');
    assert.ok(heard.length <= 2);
  });

  test('a post survives a schedule that comes twice, late, and is killed', async (t) => {
    const token = tokenOf('u1', 'ws_1');
    const hook = await startReceiver(t);
    const account = await webhookAccount(server, token, hook.url);
    await faults(
      { action: 'invoke', function: 'publish', times: 2, fault: 'twice' },
      { action: 'dynamodb:*', function: 'publish', skip: 4, times: 1, fault: 'kill_after' },
      { action: 'dynamodb:*', function: 'publish', times: 2, fault: 'throttled' },
    );
    const post = await schedule(server, token, [account]);
    await hook.inbox.next('the delivery', 60_000);
    await faults();
    await settled(server);
    let state;
    for (let tick = 0; tick < 100 && state !== 'published'; tick++) {
      await control('POST', 'tick');
      await settled(server);
      state = (await call(server, 'GET', `/api/posts/${post.id}`, { token })).body.status;
    }
    assert.equal(state, 'published');
  });

  test('malformed messages of the queue become dead letters and hold up nobody', async () => {
    const malformed = ['"nonsense"', '{"nonsense":true}'];
    for (const body of malformed) await control('POST', 'queue', JSON.parse(body));
    let dead = [];
    const all = async () => {
      while (!malformed.every((body) => dead.includes(body))) {
        dead = (await (await control('GET', 'queue')).json()).dead.map((it) => it.body);
        await pause(50);
      }
    };
    await within(all(), 'two dead letters');
  });

  test('malformed events are answered and change nothing', async (t) => {
    const wire = await Wire.connect(t, server);
    const functions = ['connect', 'message', 'disconnect', 'api', 'auth', 'publish', 'fanout', 'worker', 'bridge'];
    for (const name of functions) {
      for (const event of [null, 7, {}, { requestContext: {} }, { Records: 'x' }]) {
        const reply = await fetch(`${server.control}/_emulated/invoke/${name}`, { method: 'POST', body: JSON.stringify(event) });
        const text = await reply.text();
        assert.doesNotMatch(text, /ExitError|Timedout/, `${name} ${JSON.stringify(event)}: ${text}`);
      }
    }
    await wire.quiet();
  });
});
