// Signing in, events to one user, and watching others come and go, with the real client.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { pusherJs, sdk, sentAway, signedAs, signedIn, vouchedAs } from './lib/clients.js';
import { PusherWithEncryption } from './lib/encrypted.js';
import { tokenOf } from './lib/crypto.js';
import { APP, sharedServer } from './lib/server.js';
import { Inbox, within } from './lib/wait.js';
import { Wire } from './lib/wire.js';

let names = 0;
const fresh = (prefix = 'u') => `${prefix}-${process.pid}-${Date.now()}-${names++}`;

/** `pusher:signin` by hand. */
function signIn(wire, userData, { secret = APP.secret } = {}) {
  const signature = createHmac('sha256', secret).update(`${wire.socketId}::user::${userData}`).digest('hex');
  wire.send('pusher:signin', { data: { auth: `${APP.key}:${signature}`, user_data: userData } });
}

/** What a client's watchlist tells, in order. */
function watched(client) {
  const inbox = new Inbox();
  for (const name of ['online', 'offline']) {
    client.user.watchlist.bind(name, (event) => inbox.push(`${name} ${event.user_ids.toSorted().join(' ')}`));
  }
  return inbox;
}

describe('users', () => {
  const server = sharedServer();

  test('events to a user reach all of their connections and nobody else', async (t) => {
    // Ids as identity providers make them.
    const [ada, bob] = [fresh('auth0|ada'), fresh('b+ob@example.com')];
    const clients = [];
    for (const id of [ada, ada, bob]) {
      const client = await signedIn(t, server, { id });
      const inbox = new Inbox();
      client.user.bind('greeting', (data) => inbox.push(data));
      clients.push(inbox);
    }
    await sdk(server).sendToUser(ada, 'greeting', { n: 1 });
    await sdk(server).sendToUser(bob, 'greeting', { n: 2 });
    assert.deepEqual(await clients[0].next(), { n: 1 });
    assert.deepEqual(await clients[1].next(), { n: 1 });
    assert.deepEqual(await clients[2].next(), { n: 2 });
  });

  test('the own channel of a user is nobody else\'s', async (t) => {
    const [ada, bob] = [fresh(), fresh()];
    const wire = await Wire.connect(t, server);
    for (const name of [`#server-to-user-${ada}`, `#server-to-user-${bob}`]) {
      wire.ask(name, { auth: '' });
      assert.equal((await wire.until('pusher:subscription_error')).data.status, 403);
    }
    const userData = JSON.stringify({ id: ada });
    signIn(wire, userData);
    const success = await wire.next();
    assert.deepEqual(success, { event: 'pusher:signin_success', data: { user_data: userData } });
    wire.ask(`#server-to-user-${bob}`, { auth: '' });
    assert.equal((await wire.until('pusher:subscription_error')).data.status, 403);
    await wire.subscribe(`#server-to-user-${ada}`, { auth: '' });
  });

  test('signing in again is fine as the same user and refused as another', async (t) => {
    const wire = await Wire.connect(t, server);
    const userData = JSON.stringify({ id: fresh(), own: 'é "x"' });
    for (let n = 0; n < 2; n++) {
      signIn(wire, userData);
      assert.equal((await wire.next()).data.user_data, userData);
    }
    signIn(wire, JSON.stringify({ id: fresh() }));
    const error = await wire.next();
    assert.equal(error.event, 'pusher:error');
    assert.match(error.data.message, /another user/);
    await wire.quiet();
  });

  test('a bad signature ends the connection with 4009, for good', async (t) => {
    const wire = await Wire.connect(t, server);
    signIn(wire, JSON.stringify({ id: fresh() }), { secret: 'wrong' });
    assert.equal((await wire.next()).data.code, 4009);
    assert.equal(await wire.closeCode(), 4009);
    const authenticate = (_, callback) => callback(null, { auth: `${APP.key}:${'0'.repeat(64)}`, user_data: '{"id":"1"}' });
    // The build for workers: the one for Node keeps a timer of 30 s after such a close.
    const client = await pusherJs(t, server, { authenticate, Client: PusherWithEncryption });
    const ended = sentAway(client);
    client.signin();
    await within(ended, 'pusher-js to stay away');
  });

  test('a signed-in user joins a presence channel without channel data', async (t) => {
    const id = fresh();
    const authorize = ({ socketId, channelName }, callback) =>
      callback(null, { auth: sdk(server).authorizeChannel(socketId, channelName).auth });
    const client = await signedIn(t, server, { id, user_info: { name: 'Ada' } }, { authorize });
    const channel = client.subscribe(fresh('presence'));
    const members = await within(new Promise((resolve) => channel.bind('pusher:subscription_succeeded', resolve)), 'the roster');
    assert.deepEqual(members.me, { id, info: { name: 'Ada' } });
  });

  test('a watchlist shows who is there, first whole and then as it changes', async (t) => {
    const [ada, bob, cy] = [fresh('ada'), fresh('bob'), fresh('cy')];
    await signedIn(t, server, { id: bob });
    const client = await pusherJs(t, server, { authenticate: vouchedAs(server, { id: ada, watchlist: [bob, cy] }) });
    const inbox = watched(client);
    client.signin();
    assert.equal(await inbox.next(), `online ${bob}`);
    assert.equal(await inbox.next(), `offline ${cy}`);
    // Neither needs a watchlist of their own, nor the same kind of client.
    const plain = new Wire(server, { query: { protocol: 7, token: tokenOf(cy) } });
    t.after(() => plain.socket.terminate());
    assert.equal(await inbox.next(), `online ${cy}`);
    plain.socket.terminate();
    assert.equal(await inbox.next(), `offline ${cy}`);
  });

  test('a watchlist that is too long is cut with 4302', async (t) => {
    const wire = await Wire.connect(t, server);
    signIn(wire, JSON.stringify({ id: fresh(), watchlist: Array.from({ length: 101 }, (_, n) => `w${n}`) }));
    assert.equal((await wire.next()).event, 'pusher:signin_success');
    assert.equal((await wire.next()).data.code, 4302);
    const picture = await wire.next();
    assert.equal(picture.event, 'pusher_internal:watchlist_events');
    assert.equal(picture.data.events[0].user_ids.length, 100);
  });

  test('a terminated user is gone for good; who only shows the user on a presence channel stays', async (t) => {
    const [ada, bob] = [fresh('ada'), fresh('bob')];
    const name = fresh('presence');
    const client = await signedIn(t, server, { id: ada }, { Client: PusherWithEncryption });
    const ended = sentAway(client);
    const other = await Wire.connect(t, server);
    signIn(other, JSON.stringify({ id: bob }));
    await other.next();
    const shown = await Wire.connect(t, server);
    await shown.subscribe(name, { channelData: JSON.stringify({ user_id: ada }) });
    const plain = await Wire.connect(t, server, { query: { protocol: 7, token: tokenOf(ada) } });
    assert.equal((await sdk(server).terminateUserConnections(ada)).status, 200);
    await within(ended, 'pusher-js to stay away');
    assert.equal(await plain.closeCode(), 4009);
    await other.quiet();
    await shown.quiet();
    // And cannot sign in again for a moment.
    signIn(shown, JSON.stringify({ id: ada }));
    assert.equal(await shown.closeCode(), 4009);
  });

  test('a reload within three seconds is seen by nobody', async (t) => {
    const [ada, bob] = [fresh('ada'), fresh('bob')];
    const name = fresh('presence');
    const watcher = await pusherJs(t, server, {
      authorize: signedAs(server, { user_id: ada }),
      authenticate: vouchedAs(server, { id: ada, watchlist: [bob] }),
    });
    const inbox = watched(watcher);
    watcher.signin();
    assert.equal(await inbox.next(), `offline ${bob}`);
    const channel = watcher.subscribe(name);
    channel.bind_global((event) => event.startsWith('pusher:member') && inbox.push(event));
    await within(new Promise((resolve) => channel.bind('pusher:subscription_succeeded', resolve)), 'the roster');
    const enter = async () => {
      const wire = await Wire.connect(t, server);
      signIn(wire, JSON.stringify({ id: bob }));
      await wire.next();
      await wire.subscribe(name, { channelData: JSON.stringify({ user_id: bob }) });
      return wire;
    };
    const before = await enter();
    const arrival = [await inbox.next(), await inbox.next()];
    assert.deepEqual(arrival.toSorted(), [`online ${bob}`, 'pusher:member_added']);
    before.socket.terminate();
    const after = await enter();
    after.socket.terminate();
    // What comes next is the second loss: the first one was never told.
    const loss = [await inbox.next(), await inbox.next()];
    assert.deepEqual(loss.toSorted(), [`offline ${bob}`, 'pusher:member_removed']);
  });
});
