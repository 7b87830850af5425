// The main job: a due post publishes itself and everyone who may see it watches it live.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { tokenOf, webhookIsGenuine } from './lib/crypto.js';
import { joined, pusherJs, sdk } from './lib/clients.js';
import { call, schedule, webhookAccount } from './lib/rest.js';
import { startReceiver } from './lib/receiver.js';
import { CRON_SECRET, sharedServer } from './lib/server.js';
import { within } from './lib/wait.js';
import { Wire } from './lib/wire.js';

const unique = `${process.pid}-${Date.now()}`;
const TERMINAL = ['post:published', 'post:failed', 'post:partially-published'];

/** The events of one post, up to the one that ends it. */
async function storyOf(inbox, id) {
  const about = (it) => (it.data.data?.post_id ?? it.data.data?.post?.id) === id;
  const taken = await inbox.until((it) => TERMINAL.includes(it.event) && about(it), 'the end of the post');
  return taken.filter(about);
}

describe('posts', () => {
  const server = sharedServer();

  test('a due post reaches both of its workspace in order, the webhook once, a stranger never', async (t) => {
    const [ours, theirs] = [`ws-${unique}-a`, `ws-${unique}-b`];
    const [author, colleague, stranger] = [tokenOf('ada', ours), tokenOf('bob', ours), tokenOf('eve', theirs)];
    const clients = {
      author: await pusherJs(t, server, { token: author }),
      colleague: await pusherJs(t, server, { token: colleague }),
      stranger: await pusherJs(t, server, { token: stranger }),
    };
    const own = await joined(clients.author, 'private-user-ada');
    const shared = await joined(clients.colleague, `private-workspace-${ours}`);
    const foreign = await joined(clients.stranger, `private-workspace-${theirs}`);
    for (const channel of [`private-workspace-${ours}`, 'private-user-ada', 'private-user-ev']) {
      await assert.rejects(joined(clients.stranger, channel), (error) => error.status === 403, channel);
    }

    const receiver = await startReceiver(t);
    const account = await webhookAccount(server, author, receiver.url, ours);
    assert.equal((await call(server, 'GET', '/api/accounts', { token: author })).status, 200);
    const text = `Hello ${unique}`;
    const post = await schedule(server, author, [account], { text, workspace: ours, at: new Date(Date.now() + 1_500) });
    assert.equal(post.status, 'scheduled');
    await assert.rejects(joined(clients.stranger, `private-post-${post.id}`), (error) => error.status === 403);
    await joined(clients.colleague, `private-post-${post.id}`);

    for (const { inbox } of [own, shared]) {
      const story = await storyOf(inbox, post.id);
      const events = story.map((it) => it.event);
      const order = ['post:scheduled', 'post:publishing', 'delivery:status-changed', 'post:published'];
      let from = -1;
      for (const event of order) {
        const at = events.indexOf(event);
        assert.ok(at > from, `${event} is missing or too early in ${events}`);
        from = at;
      }
      for (const name of ['post:publishing', 'post:published']) {
        assert.equal(events.filter((it) => it === name).length, 1, `${name} comes once in ${events}`);
      }
      const seqs = story.map((it) => it.data.seq);
      assert.ok(seqs.every((seq, at) => at === 0 || seq > seqs[at - 1]), `seq grows in ${events}: ${seqs}`);
      assert.equal(new Set(story.map((it) => it.data.id)).size, story.length, 'every event has an id of its own');
      for (const { data } of story) {
        assert.equal(data.v, 1);
        assert.equal(data.workspace_id, ours);
      }
      assert.equal(story.at(-1).data.data.progress.published, 1);
    }

    const sent = await receiver.inbox.next('the webhook');
    assert.ok(webhookIsGenuine(account.secret, sent), 'the signature is right');
    assert.ok(!webhookIsGenuine(account.secret, { ...sent, body: `${sent.body} ` }), 'and covers the body');
    assert.ok(Math.abs(Date.now() / 1000 - Number(sent.timestamp)) < 60);
    const payload = JSON.parse(sent.body);
    assert.equal(payload.type, 'post.publish');
    assert.ok(JSON.stringify(payload.data).includes(text));
    assert.equal(receiver.inbox.all.length, 1);

    const seen = await call(server, 'GET', `/api/posts/${post.id}`, { token: colleague });
    assert.equal(seen.body.status, 'published');
    assert.equal(seen.body.deliveries[0].status, 'published');
    assert.equal((await call(server, 'GET', `/api/posts/${post.id}`, { token: stranger })).status, 404);
    // Order proves silence: a marker published now is the first thing that the stranger hears.
    await sdk(server).trigger(`private-workspace-${theirs}`, 'marker', {});
    assert.equal((await foreign.inbox.next()).event, 'marker');
    assert.equal(foreign.inbox.all.length, 1);
    assert.equal(receiver.inbox.all.length, 1, 'still once');
  });

  test('one account fails, one works: partially published, with an error that helps', async (t) => {
    const workspace = `ws-${unique}-c`;
    const token = tokenOf('carl', workspace);
    const wire = await Wire.connect(t, server, { query: { protocol: 7, token } });
    const [good, bad] = [await startReceiver(t), await startReceiver(t, { hold: true })];
    const accounts = [
      await webhookAccount(server, token, good.url, workspace),
      await webhookAccount(server, token, bad.url, workspace),
    ];
    const post = await schedule(server, token, accounts, { workspace });
    (await bad.inbox.next('the bad receiver')).answer(400);
    const ending = await wire.until('post:partially-published');
    const { data } = JSON.parse(ending.data);
    assert.equal(data.post_id, post.id);
    assert.equal(data.progress.failed, 1);
    assert.equal(data.progress.published, 1);
    const view = (await call(server, 'GET', `/api/posts/${post.id}`, { token })).body;
    assert.equal(view.status, 'partially_published');
    const failed = view.deliveries.find((it) => it.status === 'failed');
    assert.equal(failed.error.class, 'invalid');
    assert.equal(failed.error.http_status, 400);
    assert.equal(failed.error.retryable, false);
  });

  test('a redirect is not followed', async (t) => {
    const workspace = `ws-${unique}-d`;
    const token = tokenOf('dora', workspace);
    const wire = await Wire.connect(t, server, { query: { protocol: 7, token } });
    const receiver = await startReceiver(t, { hold: true });
    const account = await webhookAccount(server, token, receiver.url, workspace);
    await schedule(server, token, [account], { workspace });
    (await receiver.inbox.next()).answer(302);
    await wire.until('post:failed');
    assert.equal(receiver.inbox.all.length, 1);
  });

  test('edit, cancel and delete, each seen live; too late is 409', async (t) => {
    const workspace = `ws-${unique}-e`;
    const token = tokenOf('emil', workspace);
    const wire = await Wire.connect(t, server, { query: { protocol: 7, token } });
    const receiver = await startReceiver(t, { hold: true });
    const account = await webhookAccount(server, token, receiver.url, workspace);
    const later = new Date(Date.now() + 3_600_000);
    const post = await schedule(server, token, [account], { workspace, at: later });
    const edited = await call(server, 'PATCH', `/api/posts/${post.id}`, { token, body: { text: 'Better', version: post.version } });
    assert.equal(edited.status, 200);
    assert.equal(edited.body.text, 'Better');
    await wire.until('post:updated');
    const stale = await call(server, 'PATCH', `/api/posts/${post.id}`, { token, body: { text: 'Lost', version: post.version } });
    assert.equal(stale.status, 409);
    assert.equal((await call(server, 'POST', `/api/posts/${post.id}/cancel`, { token })).status, 200);
    await wire.until('post:cancelled');
    assert.equal((await call(server, 'DELETE', `/api/posts/${post.id}`, { token })).status, 204);
    await wire.until('post:deleted');
    assert.equal((await call(server, 'GET', `/api/posts/${post.id}`, { token })).status, 404);

    const second = await schedule(server, token, [account], { workspace, at: later });
    assert.equal((await call(server, 'POST', `/api/posts/${second.id}/publish-now`, { token })).status, 200);
    const held = await receiver.inbox.next('the webhook');
    for (const [method, path, body] of [['PATCH', '', { text: 'Too late' }], ['POST', '/cancel'], ['DELETE', '']]) {
      const late = await call(server, method, `/api/posts/${second.id}${path}`, { token, body });
      assert.equal(late.status, 409, `${method} ${path}`);
      assert.equal(JSON.stringify(late.body).includes('post_already_publishing'), true, JSON.stringify(late.body));
    }
    held.answer(200);
    await wire.until('post:published');
  });

  test('pages of posts hold each post once', async (t) => {
    const workspace = `ws-${unique}-f`;
    const token = tokenOf('fritz', workspace);
    const receiver = await startReceiver(t);
    const account = await webhookAccount(server, token, receiver.url, workspace);
    const made = new Set();
    for (let number = 0; number < 7; number++) {
      made.add((await schedule(server, token, [account], { workspace, at: new Date(Date.now() + 3_600_000 + number) })).id);
    }
    const seen = [];
    for (let cursor = ''; ; ) {
      const page = await call(server, 'GET', `/api/posts?workspace_id=${workspace}&limit=3${cursor}`, { token });
      assert.equal(page.status, 200);
      seen.push(...page.body.posts.map((it) => it.id));
      if (!page.body.next_cursor) break;
      cursor = `&cursor=${encodeURIComponent(page.body.next_cursor)}`;
    }
    assert.deepEqual(new Set(seen), made);
    assert.equal(seen.length, 7);
    const foreign = await call(server, 'GET', `/api/posts?workspace_id=${workspace}`, { token: tokenOf('eve', 'other') });
    assert.equal(foreign.status, 404);
    assert.equal(foreign.body.posts, undefined);
  });

  test('the cron route runs a tick for its secret only', async () => {
    const path = '/api/cron/publish-posts';
    for (const token of [undefined, 'wrong', `${CRON_SECRET}x`]) {
      assert.equal((await call(server, 'GET', path, { token })).status, 401);
    }
    for (const method of ['GET', 'POST']) {
      const tick = await call(server, method, path, { token: CRON_SECRET });
      assert.equal(tick.status, 200);
      assert.equal(typeof tick.body.processed, 'number');
    }
  });

  test('two ticks at once publish a post once', async (t) => {
    const workspace = `ws-${unique}-g`;
    const token = tokenOf('gerd', workspace);
    const wire = await Wire.connect(t, server, { query: { protocol: 7, token } });
    const receiver = await startReceiver(t, { hold: true });
    const account = await webhookAccount(server, token, receiver.url, workspace);
    const tick = () => call(server, 'POST', '/api/cron/publish-posts', { token: CRON_SECRET });
    await schedule(server, token, [account], { workspace });
    const ticks = [tick(), tick(), tick(), tick()];
    (await receiver.inbox.next('the webhook')).answer(200);
    for (const { status } of await Promise.all(ticks)) assert.equal(status, 200);
    await wire.until('post:published');
    await tick();
    assert.equal(receiver.inbox.all.length, 1);
  });

  test('the OpenAPI document names the routes', async () => {
    const reply = await call(server, 'GET', '/api/openapi.json');
    assert.equal(reply.status, 200);
    assert.match(reply.body.openapi, /^3\./);
    for (const path of ['/api/posts', '/api/posts/{id}', '/api/posts/{id}/cancel', '/api/posts/{id}/publish-now', '/api/accounts']) {
      assert.ok(reply.body.paths[path], `${path} is documented`);
    }
  });

  test('a post published now is live within the deadline of a person', async (t) => {
    const workspace = `ws-${unique}-h`;
    const token = tokenOf('hana', workspace);
    const client = await pusherJs(t, server, { token });
    const { inbox } = await joined(client, `private-workspace-${workspace}`);
    const receiver = await startReceiver(t);
    const account = await webhookAccount(server, token, receiver.url, workspace);
    const draft = await call(server, 'POST', '/api/posts', { token, body: { workspace_id: workspace, text: 'Now', accounts: [account.id] } });
    assert.equal(draft.body.status, 'draft');
    await call(server, 'POST', `/api/posts/${draft.body.id}/publish-now`, { token });
    await within(storyOf(inbox, draft.body.id), 'the whole story');
  });
});
