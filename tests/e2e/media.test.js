// Pictures of posts: fetched once, kept, served, and handed on to platforms.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tokenOf } from './lib/crypto.js';
import { PNG, startPictures } from './lib/pictures.js';
import { startReceiver } from './lib/receiver.js';
import { call, webhookAccount } from './lib/rest.js';
import { appFile, dataDirectory, environment, fileEnvironment, needsProcess, startServer } from './lib/server.js';
import { Wire } from './lib/wire.js';

const token = tokenOf('u1', 'ws_1');
const sha256 = createHash('sha256').update(PNG).digest('hex');
const live = (t, server) => Wire.connect(t, server, { query: { protocol: 7, token } });
const create = (server, account, media, more = {}) =>
  call(server, 'POST', '/api/posts', { token, body: { workspace_id: 'ws_1', text: 'Hello', accounts: [account.id], media, ...more } });

describe('pictures', { skip: needsProcess }, () => {
  test('one is fetched once, served by its name, told to webhooks, and there after a kill', async (t) => {
    const [data, receiver, origin] = [dataDirectory(t), await startReceiver(t), await startPictures(t)];
    const first = await startServer(t, { data });
    const account = await webhookAccount(first, token, receiver.url);
    const made = await create(first, account, [{ url: `${origin.url}/a.png`, alt: 'A pixel' }]);
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const [medium] = made.body.media;
    assert.deepEqual([medium.mime, medium.width, medium.height, medium.bytes, medium.alt], ['image/png', 1, 1, PNG.length, 'A pixel']);
    assert.match(medium.key, new RegExp(`^\\d+/${sha256}\\.png$`));
    delete origin.pictures['/a.png'];
    await first.stop('SIGKILL');

    const second = await startServer(t, { data });
    const served = await fetch(`${second.url}/media/${medium.key}`);
    assert.deepEqual(Buffer.from(await served.arrayBuffer()), PNG);
    const header = (name) => served.headers.get(name);
    assert.deepEqual([header('content-type'), header('x-content-type-options')], ['image/png', 'nosniff']);
    assert.match(header('cache-control'), /immutable/);
    for (const name of [medium.key.replace('.png', '.jpg'), `1/${sha256}.png`, '..%2f..%2fcredentials', '1/x.png', 'a/b/c']) {
      assert.equal((await fetch(`${second.url}/media/${name}`)).status, 404, name);
    }
    const wire = await live(t, second);
    await call(second, 'POST', `/api/posts/${made.body.id}/publish-now`, { token });
    const { body } = await receiver.inbox.next('the webhook');
    const [told] = JSON.parse(body).data.media;
    assert.deepEqual([told.sha256, told.url, told.alt], [sha256, `${origin.url}/a.png`, 'A pixel']);
    await wire.until('post:published');
    assert.deepEqual(origin.asked, ['/a.png'], 'fetched once');
  });

  test('what is no picture, leads elsewhere or is private is refused with words', async (t) => {
    const origin = await startPictures(t, {
      '/page': Buffer.from('<html></html>'),
      '/moved': (response) => response.writeHead(302, { location: '/page' }).end(),
      '/large': (response) => response.writeHead(200, { 'content-length': 10_000_001 }).end(Buffer.alloc(10_000_001)),
    });
    const server = await startServer(t);
    const account = await webhookAccount(server, token, 'http://127.0.0.1:9/hook');
    const refused = await create(server, account, ['/page', '/moved', '/large', '/none'].map((path) => ({ url: origin.url + path })));
    assert.equal(refused.status, 422);
    const codes = Object.fromEntries(refused.body.error.fields.map((it) => [it.field, it.code]));
    assert.deepEqual(codes, {
      'media[0].url': 'type', 'media[1].url': 'redirect', 'media[2].url': 'too_large', 'media[3].url': 'unreachable',
    });

    const guarded = await startServer(t, { env: environment({ PUSHBRIDGE_ALLOW_PRIVATE_ADDRESSES: '0' }) });
    for (const url of [`${origin.url}/a.png`, 'https://localhost/a.png', 'https://169.254.169.254/a.png', 'https://[::1]/a.png']) {
      const { body } = await call(guarded, 'POST', '/api/posts', { token, body: { workspace_id: 'ws_1', media: [{ url }] } });
      assert.equal(body.error.fields[0].code, 'address', url);
    }
  });

  test('Instagram fetches the picture from this server', async (t) => {
    // A JPEG of one pixel, up to its frame's header, which is what sizes are read from.
    const jpeg = Buffer.from('ffd8ffe000104a46494600010100000100010000ffc0001108000100010301220002110103110100', 'hex');
    const origin = await startPictures(t, { '/a.jpg': jpeg });
    const fetched = [];
    const http = createServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      const asked = text ? JSON.parse(text) : {};
      if (asked.image_url) fetched.push(Buffer.from(await (await fetch(asked.image_url)).arrayBuffer()));
      const published = request.url.endsWith('/media_publish');
      response.end(JSON.stringify({ id: published ? 'p1' : 'c1', status_code: 'FINISHED', permalink: 'https://www.instagram.com/p/1/' }));
    }).listen(0, '127.0.0.1');
    await once(http, 'listening');
    t.after(() => http.close());
    const graph = `http://127.0.0.1:${http.address().port}`;
    const config = `${appFile()}\n[platforms.meta]\ngraph = "${graph}"\n`;

    // Platforms cannot reach a server that does not know its own address.
    const hidden = await startServer(t, { config });
    const body = { workspace_id: 'ws_1', platform: 'instagram', name: 'Ours', remote_id: '17841', secret: 'token' };
    const there = await call(hidden, 'POST', '/api/accounts', { token, body });
    const refused = await create(hidden, there.body, [{ url: `${origin.url}/a.jpg` }]);
    assert.equal(refused.body.error.fields[0].code, 'no_public_address', JSON.stringify(refused.body));

    // Its own address is known once it listens: a door before it has one that is known at once.
    const door = createServer(async (request, response) => {
      const answer = await fetch(`${server.url}${request.url}`);
      response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
    }).listen(0, '127.0.0.1');
    await once(door, 'listening');
    t.after(() => door.close());
    const env = { ...fileEnvironment(), PUBLIC_URL: `http://127.0.0.1:${door.address().port}` };
    const server = await startServer(t, { config, env });
    const account = await call(server, 'POST', '/api/accounts', { token, body });
    const wire = await live(t, server);
    const made = await create(server, account.body, [{ url: `${origin.url}/a.jpg` }], { scheduled_at: new Date().toISOString() });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const [delivery] = JSON.parse((await wire.until('post:published')).data).data.deliveries;
    assert.deepEqual([delivery.remote_id, delivery.remote_url], ['p1', 'https://www.instagram.com/p/1/']);
    assert.deepEqual(fetched, [jpeg]);
  });
});
