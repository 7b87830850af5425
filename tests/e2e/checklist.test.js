// Lines of the contract that no other file has: traps that other servers fell into, and what must not happen twice.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { joined, pusherJs, sdk, signedAs, signedIn } from './lib/clients.js';
import { signedPath } from './lib/crypto.js';
import { call } from './lib/rest.js';
import { APP, appFile, differs, needsProcess, sharedServer, startServer, tooMany } from './lib/server.js';
import { startReceiver } from './lib/receiver.js';
import { Inbox } from './lib/wait.js';
import { Wire } from './lib/wire.js';

let names = 0;
const fresh = (prefix) => `${prefix}-list-${process.pid}-${Date.now()}-${names++}`;
const member = (user_id, more = {}) => ({ channelData: JSON.stringify({ user_id, ...more }) });

/** A server whose webhooks come to a receiver, as `name channel` one by one. */
async function withHooks(t, app = '') {
  const receiver = await startReceiver(t);
  const server = await startServer(t, { config: `${appFile(app)}\n[[apps.webhooks]]\nid = "r"\nurl = "${receiver.url}"\n` });
  const inbox = new Inbox();
  const push = receiver.inbox.push.bind(receiver.inbox);
  receiver.inbox.push = (it) => {
    push(it);
    JSON.parse(it.body).events.forEach((event) => inbox.push(`${event.name} ${event.channel}`));
  };
  return { server, inbox };
}

describe('the contract', () => {
  const server = sharedServer();

  test('a process that has just started greets within two seconds', { skip: needsProcess || differs('what starts is a function, which the benchmark measures') }, async (t) => {
    const started = await startServer(t);
    const since = performance.now();
    await Wire.connect(t, started);
    assert.ok(performance.now() - since < 2_000, `${performance.now() - since} ms`);
  });

  test('a second subscribe to a presence channel makes no second member', async (t) => {
    const name = fresh('presence');
    const [watcher, wire] = [await Wire.connect(t, server), await Wire.connect(t, server)];
    await watcher.subscribe(name, member('watcher'));
    await wire.subscribe(name, member('ada', { user_info: null }));
    const added = await watcher.next();
    assert.deepEqual([added.event, JSON.parse(added.data).user_id], ['pusher_internal:member_added', 'ada']);
    wire.ask(name, member('ada'));
    assert.equal((await wire.until('pusher:error')).data.message, `Existing subscription to channel ${name}`);
    const late = await Wire.connect(t, server);
    const { presence } = await late.subscribe(name, member('late'));
    assert.deepEqual([presence.count, presence.hash.ada], [3, null]);
    wire.send('pusher:unsubscribe', { data: { channel: name } });
    assert.equal((await watcher.next()).event, 'pusher_internal:member_added', 'the late one, and ada not again');
    assert.equal((await watcher.next()).event, 'pusher_internal:member_removed', 'one unsubscribe ends it');
  });

  test('quick changes of mind end with the last wish', { skip: differs('wishes of one millisecond are in no order') }, async (t) => {
    const name = fresh('presence');
    const [watcher, wire] = [await Wire.connect(t, server), await Wire.connect(t, server)];
    await watcher.subscribe(name, member('watcher'));
    for (let turn = 0; turn < 5; turn += 1) {
      wire.ask(name, member('ada'));
      wire.send('pusher:unsubscribe', { data: { channel: name } });
    }
    wire.ask(name, member('ada'));
    wire.send('pusher:ping', { data: {} });
    await wire.until('pusher:pong');
    const users = await (await sdk(server).get({ path: `/channels/${name}/users` })).json();
    assert.deepEqual(users.users.map((it) => it.id).toSorted(), ['ada', 'watcher']);
    wire.send('pusher:unsubscribe', { data: { channel: name } });
    wire.send('pusher:ping', { data: {} });
    await wire.until('pusher:pong');
    const after = await (await sdk(server).get({ path: `/channels/${name}/users` })).json();
    assert.deepEqual(after.users.map((it) => it.id), ['watcher']);
  });

  test('events to a user do not reach who only shows that user on a presence channel', async (t) => {
    const [name, id] = [fresh('presence'), fresh('ada')];
    const shown = await pusherJs(t, server, { authorize: signedAs(server, { user_id: id }) });
    const { channel, inbox: heard } = await joined(shown, name);
    const anything = new Inbox();
    shown.bind_global((event) => anything.push(event));
    const client = await signedIn(t, server, { id });
    const inbox = new Inbox();
    client.user.bind('greeting', (data) => inbox.push(data));
    await sdk(server).sendToUser(id, 'greeting', { n: 1 });
    assert.deepEqual(await inbox.next(), { n: 1 });
    await sdk(server).trigger(name, 'marker', {});
    assert.equal((await heard.next()).event, 'marker', 'nothing came before it');
    assert.deepEqual(anything.all, ['marker']);
    assert.equal(channel.members.count, 1);
  });

  test('counts of users are refused where there are none, and answers have nothing more than was asked for', async () => {
    const body = JSON.stringify({ name: 'e', data: '', channels: ['a', 'presence-a'], info: 'user_count,subscription_count' });
    const post = (path, raw) => call(server, 'POST', signedPath('POST', path, raw), { raw, headers: { 'content-type': 'application/json' } });
    const answer = await post(`/apps/${APP.id}/events`, body);
    assert.deepEqual(answer.body, { channels: { a: { subscription_count: 0 }, 'presence-a': { subscription_count: 0, user_count: 0 } } });
    const batch = JSON.stringify({ batch: [{ name: 'e', channel: 'a', data: '', info: 'subscription_count' }, { name: 'e', channel: 'b', data: '' }] });
    assert.deepEqual((await post(`/apps/${APP.id}/batch_events`, batch)).body, { batch: [{ subscription_count: 0 }, {}] });
    const reserved = JSON.stringify({ batch: [{ name: 'pusher:foo', channel: 'a', data: '' }] });
    assert.equal((await post(`/apps/${APP.id}/batch_events`, reserved)).status, 400);
    const twice = JSON.stringify({ name: 'e', data: '', channels: ['a', 'a'] });
    assert.deepEqual((await post(`/apps/${APP.id}/events`, twice)).body, {});
  });

  test('a channel named twice in one trigger hears the event once', async (t) => {
    const name = fresh('twice');
    const wire = await Wire.connect(t, server);
    await wire.subscribe(name);
    const body = JSON.stringify({ name: 'e', data: '1', channels: [name, name] });
    const options = { raw: body, headers: { 'content-type': 'application/json' } };
    assert.equal((await call(server, 'POST', signedPath('POST', `/apps/${APP.id}/events`, body), options)).status, 200);
    assert.equal((await wire.next()).event, 'e');
    await wire.quiet();
  });
});

describe('what is told once', { skip: needsProcess }, () => {
  test('a cache miss is one webhook, however many miss it; a second subscribe is none', async (t) => {
    const { server, inbox } = await withHooks(t);
    for (let n = 0; n < 3; n += 1) {
      const wire = await Wire.connect(t, server);
      await wire.subscribe('cache-a');
      assert.equal((await wire.next()).event, 'pusher:cache_miss');
      wire.ask('cache-a');
      await wire.until('pusher:error');
    }
    const wire = await Wire.connect(t, server);
    await wire.subscribe('last');
    const told = await inbox.until((it) => it === 'channel_occupied last', 'the last event');
    assert.deepEqual(told.toSorted(), ['cache_miss cache-a', 'channel_occupied cache-a', 'channel_occupied last']);
  });

  test('a return within three seconds cancels the webhooks of leaving, an absence sends them once', async (t) => {
    const { server, inbox } = await withHooks(t);
    const first = await Wire.connect(t, server);
    await first.subscribe('presence-a', member('ann'));
    await inbox.until((it) => it === 'member_added presence-a');
    first.socket.terminate();
    const second = await Wire.connect(t, server);
    await second.subscribe('presence-a', member('ann'));
    const since = performance.now();
    second.socket.terminate();
    const told = await inbox.until((it) => it === 'channel_vacated presence-a', 'the end');
    assert.deepEqual(told, ['member_removed presence-a', 'channel_vacated presence-a'], 'nothing of the first absence');
    assert.ok(performance.now() - since > 2_500, 'it was waited for');
  });

  test('above a hundred subscribers counts come together, and the last one is right', { skip: tooMany }, async (t) => {
    const server = await startServer(t, { config: appFile('subscription_counts = true') });
    const watcher = await Wire.connect(t, server);
    await watcher.subscribe('crowd');
    const counts = [];
    const others = await Promise.all(Array.from({ length: 119 }, () => Wire.connect(t, server)));
    for (const wire of others) wire.ask('crowd');
    while (counts.at(-1) !== 120) counts.push(JSON.parse((await watcher.until('pusher_internal:subscription_count')).data).subscription_count);
    assert.deepEqual(counts.filter((it) => it > 100), [120], 'twenty changes, told once');
  });
});
