// The HTTP transports: the real pusher-js where WebSockets do not get through, and the wire that it speaks.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import PusherClient from 'pusher-js';
import { joined, pusherJs, sdk, signedAs, signedIn } from './lib/clients.js';
import { tokenOf } from './lib/crypto.js';
import { APP, appFile, needsProcess, sharedServer, startServer } from './lib/server.js';
import { Inbox, within } from './lib/wait.js';
import { Wire } from './lib/wire.js';
import { Session, messages, proxy, unread } from './lib/xhr.js';

let names = 0;
const fresh = (prefix) => `${prefix}-http-${process.pid}-${Date.now()}-${names++}`;
const transportOf = (client) => client.connection.connection.transport.name;
const member = (user_id) => ({ channelData: JSON.stringify({ user_id }) });

/** A member of a channel by WebSocket, who sees what the others do. */
async function watcher(t, server, name) {
  const wire = await Wire.connect(t, server);
  await wire.subscribe(name, member('watcher'));
  return wire;
}

for (const [transport, action] of [['xhr_streaming', 'xhr_streaming'], ['xhr_polling', 'xhr']]) {
  describe(`pusher-js by ${transport}`, () => {
    const server = sharedServer();
    const via = (t, more) => pusherJs(t, server, { transports: [transport], ...more });

    test('subscribes to a private channel, hears events, sends and hears client events', async (t) => {
      const name = fresh('private');
      const client = await via(t, { authorize: signedAs(server) });
      assert.equal(transportOf(client), transport);
      assert.match(client.connection.socket_id, /^\d+\.\d+$/);
      const { channel, inbox } = await joined(client, name);
      for (const n of [1, 2, 3]) await sdk(server).trigger(name, 'news', { n, text: 'grüße 🙂\n' });
      for (const n of [1, 2, 3]) {
        assert.deepEqual(await inbox.next(), { event: 'news', data: { n, text: 'grüße 🙂\n' } });
      }
      const wire = await Wire.connect(t, server);
      await wire.subscribe(name);
      channel.trigger('client-hello', { from: transport });
      assert.deepEqual(await wire.next(), { event: 'client-hello', channel: name, data: { from: transport } });
      wire.send('client-answer', { channel: name, data: { from: 'ws' } });
      assert.deepEqual(await inbox.next(), { event: 'client-answer', data: { from: 'ws' } });
      await sdk(server).trigger(name, 'not-for-you', {}, { socket_id: client.connection.socket_id });
      await sdk(server).trigger(name, 'for-you', {});
      assert.equal((await inbox.next()).event, 'for-you');
      client.unsubscribe(name);
    });

    test('is a member while it is there, and missed when it is gone', async (t) => {
      const name = fresh('presence');
      const wire = await watcher(t, server, name);
      const client = await via(t, { authorize: signedAs(server, { user_id: 'ada', user_info: { name: 'Ada' } }) });
      const { channel, inbox } = await joined(client, name);
      assert.deepEqual(Object.keys(channel.members.members).toSorted(), ['ada', 'watcher']);
      assert.equal(channel.members.me.info.name, 'Ada');
      const added = await wire.next('the arrival');
      assert.equal(added.event, 'pusher_internal:member_added');
      wire.send('client-wave', { channel: name, data: {} });
      assert.deepEqual(await inbox.next(), { event: 'client-wave', data: {} });
      channel.trigger('client-wave', { back: true });
      assert.deepEqual(await wire.next(), { event: 'client-wave', channel: name, data: { back: true }, user_id: 'ada' });
      client.disconnect();
      const removed = await wire.next('the departure');
      assert.deepEqual([removed.event, JSON.parse(removed.data)], ['pusher_internal:member_removed', { user_id: 'ada' }]);
    });

    test('signs in, hears what is meant for its user, and stays away when that is ended', async (t) => {
      const user = fresh('user');
      const client = await signedIn(t, server, { id: user }, { transports: [transport] });
      const inbox = new Inbox();
      client.user.bind('greeting', (data) => inbox.push(data));
      await sdk(server).sendToUser(user, 'greeting', { n: 1 });
      assert.deepEqual(await inbox.next(), { n: 1 });
      const errors = new Inbox();
      client.connection.bind('error', (error) => errors.push(error));
      const gone = new Promise((resolve) => client.connection.bind('disconnected', resolve));
      await sdk(server).terminateUserConnections(user);
      const told = await errors.next('the error');
      assert.equal((told.error ?? told).data.code, 4009);
      await within(gone, 'pusher-js to give up');
    });

    test('keeps away from an app that is not there', async (t) => {
      const client = new PusherClient('no-such-key', {
        cluster: 'unused', httpHost: server.host, httpPort: server.port, forceTLS: server.tls, enabledTransports: [transport],
      });
      t.after(() => client.disconnect());
      const errors = new Inbox();
      client.connection.bind('error', (error) => errors.push(error));
      const gone = new Promise((resolve) => client.connection.bind('disconnected', resolve));
      assert.equal((await errors.next('the refusal')).error.data.code, 4001);
      await within(gone, 'pusher-js to give up');
    });

    test('is renewed after 256 KB without losing an event', async (t) => {
      const name = fresh('big');
      const client = await via(t);
      const { inbox } = await joined(client, name);
      const id = client.connection.socket_id;
      const padding = '€🙂'.repeat(1_400);
      for (let n = 0; n < 80; n += 1) {
        await sdk(server).trigger(name, 'part', { n, padding });
        assert.equal((await inbox.next(`part ${n}`)).data.n, n);
      }
      assert.equal(client.connection.socket_id, id, 'it is the same connection');
    });

    test('a user with a token asks the server itself for its channels', async (t) => {
      const client = await via(t, { token: tokenOf('ada', 'w1') });
      const { inbox } = await joined(client, 'private-workspace-w1');
      await sdk(server).trigger('private-workspace-w1', 'news', {});
      assert.equal((await inbox.next()).event, 'news');
    });

    test('on the wire: opened, greeted, answered, closed with a code', async (t) => {
      const session = new Session(server);
      let fetched = await session.receive(t, action);
      assert.equal(fetched.response.status, 200);
      assert.equal(fetched.response.headers.get('access-control-allow-origin'), '*');
      const [queue, taken] = [[], []];
      const next = async () => {
        while (queue.length === 0) {
          const it = await fetched.inbox.next('a line');
          if (!it.end) queue.push(it);
          else fetched = await session.receive(t, action);
        }
        taken.push(queue[0].line);
        return queue.shift();
      };
      assert.equal((await next()).line, 'o');
      const [hello] = messages(await next());
      assert.equal(hello.event, 'pusher:connection_established');
      assert.match(JSON.parse(hello.data).socket_id, /^\d+\.\d+$/);
      const sent = await session.send([{ event: 'pusher:ping', data: {} }, { event: 'pusher:subscribe', data: { channel: 'news' } }]);
      assert.equal(sent.status, 204);
      assert.equal(messages(await next())[0].event, 'pusher:pong');
      assert.equal(messages(await next())[0].event, 'pusher_internal:subscription_succeeded');
      assert.equal((await session.send('[]')).status, 204);
      assert.equal((await next()).line, 'a[]', 'a sign of life is answered with one');
      assert.equal((await session.send('not json')).status, 400);
      assert.equal((await session.send([{ event: 'pusher:signin', data: { auth: 'x:y', user_data: '{"id":"a"}' } }])).status, 204);
      assert.equal(messages(await next())[0].data.code, 4009);
      assert.match((await next()).line, /^c\[4009,"/);
    });
  });
}

describe('where WebSockets do not get through', () => {
  const server = sharedServer();

  test('pusher-js falls back to a stream by itself', async (t) => {
    const front = await proxy(t, server);
    const client = await pusherJs(t, front, { transports: null });
    assert.equal(transportOf(client), 'xhr_streaming');
    const { inbox } = await joined(client, 'news');
    await sdk(server).trigger('news', 'hello', { n: 1 });
    assert.deepEqual(await inbox.next(), { event: 'hello', data: { n: 1 } });
  });

  test('and to polling where streams do not, either', async (t) => {
    const front = await proxy(t, server, ({ url }) => !url.includes('/xhr_streaming'));
    const client = await pusherJs(t, front, { transports: null });
    assert.equal(transportOf(client), 'xhr_polling');
    const { inbox } = await joined(client, 'news');
    await sdk(server).trigger('news', 'hello', { n: 2 });
    assert.deepEqual(await inbox.next(), { event: 'hello', data: { n: 2 } });
  });

  test('requests that make no sense are refused in words', async () => {
    const session = new Session(server);
    assert.equal((await session.send([{ event: 'pusher:ping' }])).status, 404, 'not opened');
    const post = (path) => fetch(`${server.url}${path}`, { method: 'POST' });
    for (const path of ['1/short/xhr', '1/has.dots.in.it/xhr', '1/12345678/jsonp', `1/${'x'.repeat(65)}/xhr`]) {
      const response = await post(`/pusher/app/${APP.key}/${path}?protocol=7`);
      assert.equal(response.status, 404, path);
      assert.notEqual(await response.text(), '');
    }
    assert.equal((await fetch(`${session.base}/xhr`)).status, 405);
    const preflight = await fetch(`${session.base}/xhr_send`, {
      method: 'OPTIONS',
      headers: { origin: 'https://page.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
    assert.equal(preflight.headers.get('access-control-allow-headers'), 'content-type');
    assert.equal(preflight.headers.get('access-control-allow-credentials'), null);
  });

  test('a message that is too large closes with 1009', async (t) => {
    const session = new Session(server);
    const { inbox } = await session.receive(t, 'xhr_streaming');
    await inbox.until((it) => messages(it)[0]?.event === 'pusher:connection_established');
    await session.send([{ event: 'pusher:ping', data: 'x'.repeat(128 * 1024) }]);
    assert.match((await inbox.next()).line, /^c\[1009,"/);
  });

  test('who does not read is closed, and slows nobody', async (t) => {
    const name = fresh('presence');
    const wire = await watcher(t, server, name);
    const session = new Session(server);
    const first = await session.receive(t, 'xhr_streaming');
    const [hello] = messages((await first.inbox.until((it) => messages(it).length > 0)).at(-1));
    const socketId = JSON.parse(hello.data).socket_id;
    const auth = await sdk(server).authorizeChannel(socketId, name, { user_id: 'slow' });
    await session.send([{ event: 'pusher:subscribe', data: { channel: name, ...auth } }]);
    await wire.until('pusher_internal:member_added');
    await unread(t, session);
    const padding = 'x'.repeat(10_000);
    for (let n = 0; n < 60; n += 1) {
      await sdk(server).trigger(name, 'flood', `${n} ${padding}`);
      assert.equal(parseInt((await wire.until('flood')).data, 10), n);
    }
    await wire.until('pusher_internal:member_removed');
  });
});

describe('an app and its server, by HTTP', { skip: needsProcess }, () => {
  test('origins and quotas count as with WebSockets', async (t) => {
    const config = appFile('allowed_origins = ["https://app.example.com"]\nlimits = { connections = 1 }');
    const server = await startServer(t, { config });
    const first = async (options) => {
      const { inbox } = await new Session(server, options).receive(t, 'xhr_streaming');
      const lines = await inbox.until((it) => messages(it).length > 0);
      return { first: messages(lines.at(-1))[0], inbox };
    };
    const refused = await first({ origin: 'https://evil.example' });
    assert.equal(refused.first.data.code, 4009);
    assert.match((await refused.inbox.next()).line, /^c\[4009,"/);
    assert.equal((await first({ query: 'client=js' })).first.data.code, 4008);
    assert.equal((await first({ origin: 'https://app.example.com' })).first.event, 'pusher:connection_established');
    assert.equal((await first({})).first.data.code, 4004);
  });

  test('a server that stops closes streams and polls with 1001, and does not wait for them', async (t) => {
    const server = await startServer(t);
    const opened = [];
    for (const action of ['xhr_streaming', 'xhr']) {
      const session = new Session(server);
      let { inbox } = await session.receive(t, action);
      for (let greeted = false; !greeted; ) {
        const it = await inbox.next('the hello');
        if (it.end) ({ inbox } = await session.receive(t, action));
        greeted = messages(it)[0]?.event === 'pusher:connection_established';
      }
      if (action === 'xhr') {
        await inbox.until((it) => it.end);
        ({ inbox } = await session.receive(t, action));
      }
      opened.push(inbox);
    }
    const since = Date.now();
    const stopped = server.stop();
    for (const inbox of opened) assert.equal((await inbox.next('the close')).line, 'c[1001,"The server is going away"]');
    assert.equal((await stopped).code, 0);
    assert.ok(Date.now() - since < 3_000, `it took ${Date.now() - since} ms`);
  });
});
