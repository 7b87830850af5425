// The Python SDK: it signs the hash of an empty body into GETs, and terminates without the app's prefix.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { pusherJs, joined, sentAway, signedAs, signedIn } from './lib/clients.js';
import { needsPython, pythonSdk } from './lib/python.js';
import { sharedServer } from './lib/server.js';
import { within } from './lib/wait.js';
import { Wire } from './lib/wire.js';

let names = 0;
const fresh = (prefix = '') => `${prefix}py-${process.pid}-${Date.now()}-${names++}`;
const ok = (results) => results.map((it) => it.ok ?? assert.fail(JSON.stringify(it)));

describe('the Python SDK', { skip: needsPython }, () => {
  const server = sharedServer();

  test('triggers, in batches too, and leaves a socket out', async (t) => {
    const [one, two, sender] = [fresh(), fresh(), await Wire.connect(t, server)];
    const wire = await Wire.connect(t, server);
    for (const name of [one, two]) await wire.subscribe(name);
    await sender.subscribe(one);
    const answers = ok(await pythonSdk(server, [
      ['trigger', [[one, two], 'App\\Events\\Done', { text: 'ü "quoted"' }, sender.socketId], {}],
      ['trigger_batch', [[{ channel: one, name: 'first', data: { n: 1 } }, { channel: two, name: 'second', data: 'plain' }]], {}],
    ]));
    assert.deepEqual(answers, [{}, {}]);
    const events = [await wire.next(), await wire.next(), await wire.next(), await wire.next()];
    assert.deepEqual(events.map((it) => it.event), ['App\\Events\\Done', 'App\\Events\\Done', 'first', 'second']);
    assert.deepEqual(JSON.parse(events[0].data), { text: 'ü "quoted"' });
    assert.equal((await sender.next()).event, 'first');
  });

  test('asks for channels, one channel and its users', async (t) => {
    const [open, team] = [fresh(), fresh('presence-')];
    const client = await pusherJs(t, server, { authorize: signedAs(server, { user_id: 'u1' }) });
    await joined(client, open);
    await joined(client, team);
    const nobody = fresh('presence-');
    const [all, some, channel, empty, users, none] = ok(await pythonSdk(server, [
      ['channels_info', [], {}],
      ['channels_info', ['presence-', ['user_count', 'subscription_count']], {}],
      ['channel_info', [team, ['user_count', 'subscription_count']], {}],
      ['channel_info', [nobody, ['user_count']], {}],
      ['users_info', [team], {}],
      ['users_info', [nobody], {}],
    ]));
    assert.deepEqual(all.channels[open], {});
    assert.deepEqual(some.channels[team], { user_count: 1, subscription_count: 1 });
    assert.ok(!(open in some.channels));
    assert.deepEqual(channel, { occupied: true, user_count: 1, subscription_count: 1 });
    assert.deepEqual(empty, { occupied: false, user_count: 0 });
    assert.deepEqual(users, { users: [{ id: 'u1' }] });
    assert.deepEqual(none, { users: [] });
  });

  test('ends the connections of a user', async (t) => {
    const user = fresh('u');
    const client = await signedIn(t, server, { id: user });
    const gone = sentAway(client);
    assert.deepEqual(ok(await pythonSdk(server, [['terminate_user_connections', [user], {}]])), [{}]);
    await within(gone, 'pusher-js to stay away');
  });

  test('sends to a user', async (t) => {
    const user = fresh('u');
    const client = await signedIn(t, server, { id: user });
    const greeted = new Promise((resolve) => client.user.bind('greeting', resolve));
    ok(await pythonSdk(server, [['send_to_user', [user, 'greeting', { n: 1 }], {}]]));
    assert.deepEqual(await within(greeted, 'the greeting'), { n: 1 });
  });

  test('gets its typed errors with our sentences', async () => {
    const [refused] = await pythonSdk(server, [['channels_info', [], {}]], { secret: 'wrong' });
    assert.equal(refused.error, 'PusherBadAuth');
    assert.match(refused.message, /you should have sent HmacSHA256Hex/);
    const [bad] = await pythonSdk(server, [['channels_info', ['private-', ['user_count']], {}]]);
    assert.equal(bad.error, 'PusherBadRequest');
    assert.match(bad.message, /filter_by_prefix=presence-/);
  });
});
