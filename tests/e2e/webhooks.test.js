// Webhooks of apps, checked with the helper of the official SDK: the events, their signatures, and what a crash leaves.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createHash, createHmac } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import PusherSdk from 'pusher';
import { dataDirectory, differs, environment, needsProcess, startServer } from './lib/server.js';
import { channelAuth } from './lib/crypto.js';
import { needsPython, pythonSdk } from './lib/python.js';
import { startReceiver } from './lib/receiver.js';
import { Wire } from './lib/wire.js';

const PAIR = { key: 'hook-key', secret: 'hook-secret' };
const path = `/app/${PAIR.key}`;

/** A server with one app whose events go to `url`. */
async function serverWith(t, url, { data = dataDirectory(t), more = '', app = '', endpoint = '' } = {}) {
  const config = `
[[apps]]
id = "7"
keys = [{ key = "${PAIR.key}", secret = "${PAIR.secret}" }]
client_events = true
${app}

[[apps.webhooks]]
id = "receiver"
url = "${url}"
${endpoint}
${more}`;
  writeFileSync(join(data, 'pushbridge.toml'), config);
  const env = environment({ PUSHER_APP_ID: '', PUSHER_KEY: '', PUSHER_SECRET: '' });
  return startServer(t, { data, env });
}

const backend = new PusherSdk({ appId: '7', ...PAIR, host: 'unused' });

/** What the SDK's helper makes of a request: it must be genuine. */
function opened(request) {
  const webhook = backend.webhook({ headers: request.headers, rawBody: request.body });
  assert.ok(webhook.isValid(), request.body);
  assert.equal(request.headers['content-type'], 'application/json');
  assert.ok(Math.abs(webhook.getTime().getTime() - Date.now()) < 60_000);
  return webhook.getEvents();
}

/** Takes deliveries until all of these have come; answers all events. */
async function until(receiver, names) {
  const events = [];
  while (!names.every((name) => events.some((event) => event.name === name))) {
    events.push(...opened(await receiver.inbox.next(`webhooks with ${names}`)));
  }
  return events;
}

const signed = (wire, channel, channelData) =>
  wire.subscribe(channel, { channelData, auth: channelAuth(wire.socketId, channel, channelData, PAIR) });

describe('webhooks', { skip: needsProcess }, () => {
  test('all seven events come signed, as the SDK expects them', async (t) => {
    const receiver = await startReceiver(t);
    const server = await serverWith(t, receiver.url, { app: 'subscription_counts = true' });
    const wire = await Wire.connect(t, server, { path });
    const member = JSON.stringify({ user_id: 'ann' });
    await signed(wire, 'presence-room', member);
    await wire.subscribe('cache-news');
    wire.send('client-typing', { channel: 'presence-room', data: { on: true } });
    const first = ['channel_occupied', 'member_added', 'cache_miss', 'client_event', 'subscription_count'];
    const events = await until(receiver, first);
    const found = (name, channel) => events.find((it) => it.name === name && it.channel === channel);
    assert.deepEqual(found('channel_occupied', 'presence-room'), { name: 'channel_occupied', channel: 'presence-room' });
    assert.deepEqual(found('member_added', 'presence-room'), { name: 'member_added', channel: 'presence-room', user_id: 'ann' });
    assert.deepEqual(found('cache_miss', 'cache-news'), { name: 'cache_miss', channel: 'cache-news' });
    assert.deepEqual(found('subscription_count', 'cache-news'), { name: 'subscription_count', channel: 'cache-news', subscription_count: 1 });
    assert.deepEqual(found('client_event', 'presence-room'), {
      name: 'client_event',
      channel: 'presence-room',
      event: 'client-typing',
      data: '{"on":true}',
      socket_id: wire.socketId,
      user_id: 'ann',
    });
    wire.send('pusher:unsubscribe', { data: { channel: 'presence-room' } });
    const last = await until(receiver, ['member_removed', 'channel_vacated']);
    assert.deepEqual(last.find((it) => it.name === 'member_removed'), { name: 'member_removed', channel: 'presence-room', user_id: 'ann' });
    const ids = receiver.inbox.all.map((it) => it.headers['x-pushbridge-delivery']);
    assert.equal(new Set(ids).size, ids.length, 'every delivery has a name of its own');
  });

  test('an endpoint gets what it asked for, with its headers, one event a time if it likes', async (t) => {
    const [filtered, everything] = [await startReceiver(t), await startReceiver(t)];
    const endpoint = `events = ["channel_occupied"]\nchannel_prefixes = ["private-"]\nbatching = false\nheaders = { "X-Tenant" = "acme" }`;
    const second = `[[apps.webhooks]]\nurl = "${everything.url}"\nevents = ["channel_occupied"]`;
    const server = await serverWith(t, filtered.url, { endpoint, more: second });
    const wire = await Wire.connect(t, server, { path });
    for (const channel of ['news', 'private-a', 'private-b']) await signed(wire, channel);
    const channels = [];
    while (channels.length < 2) {
      const request = await filtered.inbox.next('a webhook');
      assert.equal(request.headers['x-tenant'], 'acme');
      const events = opened(request);
      assert.equal(events.length, 1);
      channels.push(events[0].channel);
    }
    assert.deepEqual(channels.sort(), ['private-a', 'private-b']);
    const all = [];
    while (all.length < 3) all.push(...opened(await everything.inbox.next('a webhook')).map((it) => it.channel));
    assert.deepEqual(all.sort(), ['news', 'private-a', 'private-b']);
  });

  test('a delivery that failed comes again under the same name, with a fresh time and signature', async (t) => {
    const receiver = await startReceiver(t, { hold: true });
    const server = await serverWith(t, receiver.url, { endpoint: 'events = ["channel_occupied"]' });
    const wire = await Wire.connect(t, server, { path });
    await wire.subscribe('news');
    const first = await receiver.inbox.next('the first attempt');
    first.answer(503);
    const second = await receiver.inbox.next('the second attempt');
    second.answer(200);
    assert.equal(second.headers['x-pushbridge-delivery'], first.headers['x-pushbridge-delivery']);
    assert.deepEqual(opened(second), opened(first));
    assert.ok(JSON.parse(second.body).time_ms > JSON.parse(first.body).time_ms);
    assert.notEqual(second.headers['x-pusher-signature'], first.headers['x-pusher-signature']);
  });

  test('the Python SDK takes first and repeated attempts for genuine, and nothing else', { skip: needsPython }, async (t) => {
    const receiver = await startReceiver(t, { hold: true });
    const server = await serverWith(t, receiver.url, { endpoint: 'events = ["channel_occupied"]' });
    const wire = await Wire.connect(t, server, { path });
    await wire.subscribe('news');
    const requests = [];
    for (const status of [500, 200]) {
      requests.push(await receiver.inbox.next('an attempt'));
      requests.at(-1).answer(status);
    }
    const check = ({ headers, body }) => ['validate_webhook', [headers['x-pusher-key'], headers['x-pusher-signature'], body], {}];
    const forged = { headers: requests[0].headers, body: requests[0].body.replace('news', 'olds') };
    const answers = await pythonSdk(server, [...requests, forged].map(check), { app_id: '7', ...PAIR });
    const opened = requests.map(({ body }) => ({ ok: JSON.parse(body) }));
    assert.deepEqual(answers, [...opened, { ok: null }]);
  });

  test('an event bus gets an entry for each event, and refused entries again', { skip: differs('the bus is the emulated one') }, async (t) => {
    const bridge = await startReceiver(t, { hold: true });
    const data = dataDirectory(t);
    writeFileSync(join(data, 'pushbridge.toml'), `[[apps]]
id = "7"
keys = [{ key = "${PAIR.key}", secret = "${PAIR.secret}" }]
[[apps.webhooks]]
event_bus = "push"
events = ["channel_occupied"]
`);
    const aws = {
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'aws-secret',
      AWS_ENDPOINT_URL_EVENTBRIDGE: bridge.url,
    };
    const server = await startServer(t, { data, env: environment({ PUSHER_APP_ID: '', PUSHER_KEY: '', PUSHER_SECRET: '', ...aws }) });
    const wire = await Wire.connect(t, server, { path });
    const names = Array.from({ length: 12 }, (_, number) => `channel-${number}`);
    for (const name of names) await wire.subscribe(name);
    const arrived = new Set();
    let refusedOnce = false;
    while (arrived.size < names.length) {
      const request = await bridge.inbox.next('a call of PutEvents');
      assert.equal(request.headers['x-amz-target'], 'AWSEvents.PutEvents');
      assert.ok(signedForAws(request, aws), request.headers.authorization);
      const { Entries: entries } = JSON.parse(request.body);
      assert.ok(entries.length <= 10);
      const answers = entries.map((entry, index) => {
        const detail = JSON.parse(entry.Detail);
        assert.deepEqual([entry.EventBusName, entry.Source, entry.DetailType, detail.app_id], ['push', 'pushbridge.webhooks', 'channel.occupied', '7']);
        if (!refusedOnce && index === 0) return { ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' };
        assert.ok(!arrived.has(detail.event.channel), 'what was taken does not come again');
        arrived.add(detail.event.channel);
        return { EventId: '1' };
      });
      refusedOnce = true;
      request.answer(200, JSON.stringify({ FailedEntryCount: answers.filter((it) => it.ErrorCode).length, Entries: answers }));
    }
    assert.deepEqual(arrived, new Set(names));
  });

  test('killed while the receiver is down: after the restart everything arrives', { skip: differs('the emulated queue does not outlive its process') }, async (t) => {
    const data = dataDirectory(t);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/hook`;
    const endpoint = 'events = ["channel_occupied"]\nbatching = false';
    const first = await serverWith(t, url, { data, endpoint });
    const names = Array.from({ length: 20 }, (_, number) => `channel-${number}`);
    const wire = await Wire.connect(t, first, { path });
    for (const name of names) await wire.subscribe(name);
    await allStored(first, names.length);
    await first.stop('SIGKILL');

    const receiver = await startReceiver(t, { port });
    await serverWith(t, url, { data, endpoint });
    const arrived = new Set();
    while (arrived.size < names.length) {
      for (const event of opened(await receiver.inbox.next('a webhook after the restart'))) arrived.add(event.channel);
    }
    assert.deepEqual(arrived, new Set(names));
  });
});

/** Whether a request is signed with these credentials (AWS Signature Version 4). */
function signedForAws({ headers, body }, aws) {
  const [, scope, names, signature] = headers.authorization.match(/Credential=AKIDEXAMPLE\/([^,]+), SignedHeaders=([^,]+), Signature=(\w+)/);
  const canonical = [
    'POST', '/hook', '',
    ...names.split(';').map((name) => `${name}:${headers[name]}`), '',
    names, createHash('sha256').update(body).digest('hex'),
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = scope.split('/').reduce((secret, part) => createHmac('sha256', secret).update(part).digest(), `AWS4${aws.AWS_SECRET_ACCESS_KEY}`);
  return scope.endsWith('/eu-central-1/events/aws4_request') && createHmac('sha256', key).update(text).digest('hex') === signature;
}

/** Waits until the server has logged that as many deliveries failed: what failed was stored before. */
async function allStored(server, count) {
  const failed = () => server.log.filter((line) => line.includes('a webhook was not taken')).length;
  const end = Date.now() + 20_000;
  while (failed() < count) {
    assert.ok(Date.now() < end, `${failed()} of ${count} attempts`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A port on which nothing listens. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
