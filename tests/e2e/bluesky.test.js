// A post goes to a real Bluesky server, as a person would do it: a handle, an app password, a time.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { needsBluesky, startBluesky, startDoor } from './lib/bluesky.js';
import { tokenOf } from './lib/crypto.js';
import { PNG, startPictures } from './lib/pictures.js';
import { call, schedule } from './lib/rest.js';
import { dataDirectory, needsProcess, startServer } from './lib/server.js';
import { Wire } from './lib/wire.js';

const token = tokenOf('u1', 'ws_1');
const dataOf = (frame) => JSON.parse(frame.data).data;
const live = (t, server) => Wire.connect(t, server, { query: { protocol: 7, token } });

async function connect(server, bluesky, secret = bluesky.password) {
  const body = { workspace_id: 'ws_1', platform: 'bluesky', name: 'Alice', url: bluesky.url, remote_id: bluesky.handle, secret };
  return call(server, 'POST', '/api/accounts', { token, body });
}

describe('Bluesky', { skip: needsProcess || needsBluesky }, () => {
  test('a scheduled post appears, with its link', async (t) => {
    const [bluesky, server] = [await startBluesky(t), await startServer(t)];
    const refused = await connect(server, bluesky, 'not-the-password');
    assert.equal(refused.status, 422, JSON.stringify(refused.body));
    const account = await connect(server, bluesky);
    assert.equal(account.status, 201, JSON.stringify(account.body));
    assert.equal(account.body.remote_id, bluesky.did);

    const long = { workspace_id: 'ws_1', text: 'ä'.repeat(301), accounts: [account.body.id], scheduled_at: new Date().toISOString() };
    assert.equal((await call(server, 'POST', '/api/posts', { token, body: long })).status, 422);

    const wire = await live(t, server);
    const text = 'Grüße: https://example.com/a #pushbridge';
    const post = await schedule(server, token, [account.body], { text });
    const [delivery] = dataOf(await wire.until('post:published')).deliveries;
    const [record, ...more] = await bluesky.records();
    assert.equal(more.length, 0, 'one record');
    assert.deepEqual([record.value.text, record.uri], [text, delivery.remote_id]);
    assert.equal(delivery.remote_url, `https://bsky.app/profile/${bluesky.did}/post/${record.uri.split('/').pop()}`);
    const shown = await call(server, 'GET', `/api/posts/${post.id}`, { token });
    assert.equal(shown.body.deliveries[0].remote_url, delivery.remote_url);
    assert.ok(!server.log.join('\n').includes(bluesky.password), 'the app password is not logged');
  });

  test('a picture appears once, though the server is killed after its upload', async (t) => {
    const [bluesky, data, origin] = [await startBluesky(t), dataDirectory(t), await startPictures(t)];
    // Holds the record back, so that the server is killed between the picture and the post.
    const door = await startDoor(t, bluesky.url, (path) => path.endsWith('putRecord'));
    const first = await startServer(t, { data });
    const account = (await connect(first, { ...bluesky, url: door.url })).body;
    const media = [{ url: `${origin.url}/a.png`, alt: 'One pixel' }];
    const body = { workspace_id: 'ws_1', text: 'With a picture', accounts: [account.id], media, scheduled_at: new Date().toISOString() };
    const made = await call(first, 'POST', '/api/posts', { token, body });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    await door.held();
    await first.stop('SIGKILL');
    assert.equal((await bluesky.records()).length, 0);
    door.open();

    const second = await startServer(t, { data });
    const wire = await live(t, second);
    const shown = async () => (await call(second, 'GET', `/api/posts/${made.body.id}`, { token })).body;
    if ((await shown()).status !== 'published') await wire.until('post:published');
    const [record, ...more] = await bluesky.records();
    assert.equal(more.length, 0, 'one record');
    const [image] = record.value.embed.images;
    assert.deepEqual([image.alt, image.image.mimeType, image.image.size], ['One pixel', 'image/png', PNG.length]);
    const query = `did=${bluesky.did}&cid=${image.image.ref.$link}`;
    const blob = await fetch(`${bluesky.url}/xrpc/com.atproto.sync.getBlob?${query}`);
    assert.deepEqual(Buffer.from(await blob.arrayBuffer()), PNG);
    assert.deepEqual(origin.asked, ['/a.png'], 'the author\'s server is asked once');
  });

  test('a server that is killed while publishing makes one record each', async (t) => {
    const [bluesky, data] = [await startBluesky(t), dataDirectory(t)];
    const first = await startServer(t, { data });
    const account = (await connect(first, bluesky)).body;
    const watcher = await live(t, first);
    const texts = Array.from({ length: 8 }, (_, number) => `Post ${number}`);
    const at = new Date(Date.now() + 1_500);
    for (const text of texts) await schedule(first, token, [account], { text, at });
    await watcher.until('post:published');
    assert.deepEqual(await first.stop('SIGKILL'), { code: null, signal: 'SIGKILL' });

    const second = await startServer(t, { data });
    const wire = await live(t, second);
    const all = async () => (await call(second, 'GET', '/api/posts?status=published', { token })).body.posts.length;
    while ((await all()) < texts.length) await wire.until('post:published');
    const published = (await bluesky.records()).map((it) => it.value.text).sort();
    assert.deepEqual(published, texts);
  });
});
