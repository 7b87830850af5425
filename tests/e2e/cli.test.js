// The command line against a running server, as a person types it.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { needsBluesky, startBluesky } from './lib/bluesky.js';
import { tokenOf } from './lib/crypto.js';
import { startReceiver } from './lib/receiver.js';
import { dataDirectory, environment, needsProcess, runToEnd, sharedServer, startServer } from './lib/server.js';
import { Wire } from './lib/wire.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

describe('command line', { skip: needsProcess }, () => {
  const server = sharedServer();

  /** A member of a workspace: types commands, answers what they print. */
  function member(user, workspace) {
    const env = environment({ PUSHBRIDGE_TOKEN: tokenOf(user, workspace), PUSHBRIDGE_ACCOUNT_SECRET: SECRET });
    const type = (...words) => runToEnd([...words, '--url', server.url], { env });
    const table = async (...words) => {
      const { code, stdout, stderr } = await type(...words);
      assert.equal(code, 0, `${words.join(' ')}: ${stderr}`);
      return stdout;
    };
    const json = async (...words) => JSON.parse(await table(...words, '--json'));
    const refused = async (...words) => {
      const { code, stdout, stderr } = await type(...words);
      assert.deepEqual([code, stdout], [1, ''], words.join(' '));
      return stderr;
    };
    return { table, json, refused };
  }

  async function account(t, who) {
    const receiver = await startReceiver(t);
    return who.json('accounts', 'add', 'webhook', '--name', 'Shop', '--address', receiver.url);
  }

  test('accounts are added, listed, shown, connected again and disconnected', async (t) => {
    const ann = member('ann', 'cli-accounts');
    assert.equal(await ann.table('accounts', 'list'), 'No accounts.\n');
    const made = await account(t, ann);
    assert.ok(!JSON.stringify(made).includes(SECRET), 'the secret is not shown');
    const listed = await ann.table('accounts', 'list');
    assert.match(listed, new RegExp(`^ID +PLATFORM +NAME +STATUS .*\\n${made.id} +webhook +Shop +connected `));
    assert.match(await ann.table('accounts', 'get', made.id), new RegExp(made.id));
    assert.match(await ann.table('accounts', 'reconnect', made.id), /connected/);
    assert.match(await ann.refused('accounts', 'get', 'acc_none'), /no account acc_none/);
    assert.match(await ann.refused('accounts', 'add', 'nowhere', '--name', 'X'), /platform/);
    assert.equal(await ann.table('accounts', 'disconnect', made.id), `${made.id} is disconnected.\n`);
    assert.match(await ann.refused('accounts', 'disconnect', made.id), /404/);
  });

  test('a post is written, changed, scheduled, published, and its deliveries are listed', async (t) => {
    const ann = member('ann', 'cli-posts');
    assert.match(await ann.refused('posts', 'schedule', '--at', '+1h', 'Hi'), /accounts add/);
    const to = await account(t, ann);
    const draft = await ann.json('posts', 'create', 'Hello', '--account', to.id);
    assert.equal(draft.status, 'draft');
    const edited = await ann.json('posts', 'edit', draft.id, '--text', 'Hello again', '--local-time', '2027-06-01T09:00', '--tz', 'Europe/Berlin');
    assert.deepEqual([edited.status, edited.scheduled_at], ['scheduled', '2027-06-01T07:00:00.000Z']);
    const moved = await ann.json('posts', 'edit', draft.id, '--tz', 'UTC');
    assert.equal(moved.scheduled_at, '2027-06-01T09:00:00.000Z');
    assert.match(await ann.refused('posts', 'edit', draft.id), /Nothing is to change/);
    assert.equal((await ann.json('posts', 'edit', draft.id, '--draft')).status, 'draft');
    assert.match(await ann.table('posts', 'publish-now', draft.id), /scheduled|publishing/);

    const wire = await Wire.connect(t, server, { query: { protocol: 7, token: tokenOf('ann', 'cli-posts') } });
    let shown = await ann.json('posts', 'get', draft.id);
    while (shown.status !== 'published') {
      await wire.until('post:published');
      shown = await ann.json('posts', 'get', draft.id);
    }
    assert.match(await ann.table('deliveries', 'list', '--post', draft.id), new RegExp(`^DELIVERY .*\\ndlv_\\w+ +${draft.id} +webhook +${to.id} +published +1/6 `));
    assert.equal(await ann.table('deliveries', 'list', '--status', 'failed'), 'No deliveries.\n');
    assert.match(await ann.refused('deliveries', 'confirm', shown.deliveries[0].delivery_id), /404/);
    assert.match(await ann.refused('deliveries', 'send-again', shown.deliveries[0].delivery_id), /404/);
    assert.match(await ann.refused('deliveries', 'retry', draft.id), /409/);

    const later = await ann.json('posts', 'schedule', '--at', '+1h', 'Later');
    assert.match(await ann.table('posts', 'list', '--status', 'scheduled'), new RegExp(`\\n${later.id} +scheduled .* Later\\n$`));
    assert.match(await ann.table('posts', 'cancel', later.id), /cancelled/);
    assert.equal(await ann.table('posts', 'delete', later.id), `${later.id} is deleted.\n`);
    assert.match(await ann.refused('posts', 'get', later.id), /404/);
  });

  test('another member approves or rejects', async (t) => {
    const [ann, bob] = [member('ann', 'cli-approval'), member('bob', 'cli-approval')];
    await account(t, ann);
    const ask = () => ann.json('posts', 'schedule', '--at', '+1h', '--needs-approval', 'May I?');
    const [first, second] = [await ask(), await ask()];
    assert.equal(first.status, 'pending_approval');
    assert.match(await ann.refused('posts', 'approve', first.id), /409/);
    assert.equal((await bob.json('posts', 'approve', first.id)).status, 'scheduled');
    assert.equal((await bob.json('posts', 'reject', second.id, '--reason', 'No')).status, 'draft');
    assert.equal(await ann.table('notifications', 'list'), 'No notifications.\n');
    assert.equal(await ann.table('notifications', 'read'), 'No notifications.\n');
  });

  test('many posts come from a file, and a series goes on', async (t) => {
    const ann = member('ann', 'cli-many');
    const to = await account(t, ann);
    const folder = dataDirectory(t);
    const rows = Array.from({ length: 30 }, (_, n) => `Post ${n},${to.id},2027-06-01T09:00,UTC`);
    const file = join(folder, 'posts.csv');
    writeFileSync(file, `text,accounts,local_time,tz\n${rows.join('\n')}\n`);
    const job = await ann.json('posts', 'bulk', file);
    assert.deepEqual([job.status, job.done, job.total], ['succeeded', 30, 30]);
    assert.match(await ann.table('jobs', 'watch', job.id), new RegExp(`\\n${job.id} +bulk_schedule +succeeded +30/30\\n$`));
    writeFileSync(file, 'text,accounts\n,nobody\n');
    assert.match(await ann.refused('posts', 'bulk', file), /posts\[0\]/);
    assert.match(await ann.refused('posts', 'bulk', join(folder, 'posts.txt')), /cannot be read|neither/);

    const weekly = ['--every', 'week', '--days', 'mon,thu', '--local-time', '2027-06-07T09:00', '--tz', 'Europe/Berlin'];
    const series = await ann.json('series', 'create', ...weekly, 'Good morning');
    assert.match(await ann.table('series', 'list'), new RegExp(`\\n${series.id} +running +2027-06-07T07:00:00.000Z .* week +Good morning\\n$`));
    assert.match(await ann.table('series', 'get', series.id), /running/);
    assert.match(await ann.table('series', 'stop', series.id), /ended/);
    assert.match(await ann.refused('series', 'stop', series.id), /409/);
  });
});

describe('README', { skip: needsProcess || needsBluesky }, () => {
  test('its commands bring a post to Bluesky', async (t) => {
    const [bluesky, server] = [await startBluesky(t), await startServer(t)];
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const [, block] = readme.match(/### To Bluesky[^]*?```sh\n([^]*?)```/);
    const env = environment({ PUSHBRIDGE_TOKEN: tokenOf('demo-user', 'demo'), PUSHBRIDGE_ACCOUNT_SECRET: bluesky.password });
    const wire = await Wire.connect(t, server, { query: { protocol: 7, token: env.PUSHBRIDGE_TOKEN } });
    // Each line is a command and perhaps a remark; the test's server and Bluesky are elsewhere.
    const commands = block.split('\n').map((line) => line.split(/ {2,}#/)[0].trim()).filter((line) => line.startsWith('pushbridge '));
    assert.equal(commands.length, 3, block);
    for (const command of commands) {
      const line = command.replace('alice.bsky.social', bluesky.handle).replace('+10s', '+1s');
      const words = line.match(/'[^']*'|\S+/g).slice(1).map((word) => word.replace(/^'|'$/g, ''));
      const more = words[1] === 'add' ? ['--address', bluesky.url] : [];
      const done = await runToEnd([...words, ...more, '--url', server.url], { env });
      assert.equal(done.code, 0, `${line}: ${done.stderr}`);
      if (words[1] === 'schedule') await wire.until('post:published');
      if (words[1] === 'list') assert.match(done.stdout, /https:\/\/bsky\.app\/profile\//);
    }
    assert.equal((await bluesky.records()).length, 1);
  });
});
