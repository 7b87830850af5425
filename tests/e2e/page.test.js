// The page's rules for events, and what the server says of the page itself.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { once } from 'node:events';
import { startServer } from './lib/server.js';
import { needsProcess } from './lib/server.js';

// The page's files are modules without a package of their own.
const source = readFileSync(new URL('../../console/posts.js', import.meta.url), 'utf8');
const { Posts } = await import(`data:text/javascript,${encodeURIComponent(source)}`);

let events = 0;
const told = (seq, data) => ({ id: `evt_${(events += 1)}`, seq, data });
const summary = { id: 'p', status: 'scheduled', excerpt: 'Hello', accounts: ['a'], scheduled_at: '2026-11-20T08:00:00.000Z' };
const line = (status, more = {}) => ({ delivery_id: 'd', account_id: 'a', platform: 'webhook', status, ...more });

function withPost() {
  const posts = new Posts();
  posts.apply('post:created', told(1, { post: summary }));
  return posts;
}

describe('what the page makes of events', () => {
  test('the whole story in order', () => {
    const posts = withPost();
    assert.equal(posts.get('p').text, 'Hello');
    posts.apply('post:publishing', told(2, { post_id: 'p', deliveries: [line('queued')] }));
    assert.equal(posts.get('p').status, 'publishing');
    const progress = { total: 1, published: 1 };
    posts.apply('delivery:status-changed', told(4, { post_id: 'p', delivery: line('published'), progress }));
    assert.equal(posts.get('p').deliveries[0].status, 'published');
    const { refetch } = posts.apply('post:published', told(3, { post_id: 'p', deliveries: [line('published')], progress }));
    assert.equal(refetch, undefined);
    assert.equal(posts.get('p').status, 'published');
  });

  test('the same event on a second channel is not new', () => {
    const posts = withPost();
    const event = told(2, { post_id: 'p', deliveries: [] });
    assert.equal(posts.apply('post:publishing', event).isNew, true);
    assert.equal(posts.apply('post:publishing', event).isNew, false);
  });

  test('an older event changes nothing', () => {
    const posts = withPost();
    posts.apply('post:cancelled', told(2, { post_id: 'p' }));
    posts.apply('post:updated', told(1, { post: summary }));
    assert.equal(posts.get('p').status, 'cancelled');
    posts.apply('delivery:status-changed', told(9, { post_id: 'p', delivery: line('published') }));
    posts.apply('delivery:status-changed', told(8, { post_id: 'p', delivery: line('publishing') }));
    assert.equal(posts.get('p').deliveries[0].status, 'published');
  });

  test('a gap, a stranger and a cut text ask for the whole post', () => {
    const posts = withPost();
    assert.equal(posts.apply('post:publishing', told(3, { post_id: 'p' })).refetch, 'p');
    assert.equal(posts.apply('post:published', told(7, { post_id: 'q' })).refetch, 'q');
    const long = { ...summary, id: 'r', excerpt: 'x'.repeat(140) };
    assert.equal(posts.apply('post:created', told(1, { post: long })).refetch, 'r');
  });

  test('a deleted post does not come back with a late answer', () => {
    const posts = withPost();
    posts.apply('post:deleted', told(2, { post_id: 'p' }));
    posts.put({ ...summary, version: 1, accounts: [], deliveries: [] });
    assert.deepEqual(posts.all(), []);
  });

  test('a late answer of the API does not undo an event', () => {
    const posts = withPost();
    posts.apply('post:publishing', told(2, { post_id: 'p', deliveries: [line('queued')] }));
    posts.put({ ...summary, version: 1, accounts: [{ account_id: 'a' }], deliveries: [] });
    assert.equal(posts.get('p').status, 'publishing');
  });
});

/** A request with a Host of its own, which fetch does not allow. */
async function withHost(server, method, path, host) {
  const [response] = await once(get(`${server.url}${path}`, { method, headers: { host } }), 'response');
  response.resume();
  return response;
}

describe('the page and the demo', { skip: needsProcess }, () => {
  test('the page forbids foreign code', async (t) => {
    const server = await startServer(t);
    const response = await fetch(server.url);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-security-policy'), /default-src 'none'; script-src 'self';/);
    const config = await (await fetch(`${server.url}/console/config.json`)).json();
    assert.equal(config.demo, false);
    assert.equal((await fetch(`${server.url}/demo/token`, { method: 'POST' })).status, 404, 'no demo, no token');
  });

  test('the demo hands tokens to this machine only', async (t) => {
    const demo = { PUSHER_APP_ID: '', PUSHER_KEY: '', PUSHER_SECRET: '', JWT_SECRET: '' };
    const server = await startServer(t, { env: demo });
    assert.equal((await withHost(server, 'POST', '/demo/token', `localhost:${server.port}`)).statusCode, 200);
    assert.equal((await withHost(server, 'POST', '/demo/token', 'rebound.example')).statusCode, 403);
  });
});
