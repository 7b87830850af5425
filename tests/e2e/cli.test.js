// The command line against a running server, as a person types it.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { needsBluesky, startBluesky } from './lib/bluesky.js';
import { tokenOf } from './lib/crypto.js';
import { GATEWAY } from './lib/host.js';
import { startReceiver } from './lib/receiver.js';
import { call } from './lib/rest.js';
import { dataDirectory, environment, needsProcess, runToEnd, sharedServer, startServer } from './lib/server.js';
import { within } from './lib/wait.js';
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

  test('a workspace says how late its posts may go out', async () => {
    const ann = member('ann', 'cli-late');
    assert.match(await ann.table('workspace', 'get'), /\ncli-late +60 min, the server's +- +-\n$/);
    assert.match(await ann.table('workspace', 'set', '--late-limit', '4h'), /\ncli-late +240 min +ann +\d/);
    assert.equal((await ann.json('workspace', 'get')).late_limit_minutes, 240);
    assert.match(await ann.refused('workspace', 'set', '--late-limit', '25h'), /15 to 1440 minutes/);
    assert.equal((await ann.json('workspace', 'set', '--late-limit', 'server')).late_limit_minutes, null);
    assert.match(await member('eve', 'other').refused('workspace', 'get', '--workspace', 'cli-late'), /404/);
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

describe('the key of accounts', { skip: needsProcess || (GATEWAY && 'the key is not a file there') }, () => {
  test('is changed while the server publishes', async (t) => {
    const data = dataDirectory(t);
    const env = environment({ ADMIN_KEY: 'an-admin-key-for-tests', PUSHBRIDGE_ACCOUNT_SECRET: SECRET, PUSHBRIDGE_TOKEN: tokenOf('ann', 'keys') });
    const file = (name) => join(data, name);
    const on = (server) => (...words) => runToEnd([...words, '--url', server.url], { env });
    const published = async (server) => {
      const wire = await Wire.connect(t, server, { query: { protocol: 7, token: tokenOf('ann', 'keys') } });
      const { code, stderr } = await on(server)('posts', 'schedule', '--at', '+1s', 'Still here', '--account', account.id);
      assert.equal(code, 0, stderr);
      await wire.until('post:published');
    };
    const receiver = await startReceiver(t);
    const first = await startServer(t, { data, env });
    const added = await on(first)('accounts', 'add', 'webhook', '--name', 'Shop', '--address', receiver.url, '--json');
    const account = JSON.parse(added.stdout);
    await first.stop();

    renameSync(file('accounts.key'), file('accounts.key.before'));
    const second = await startServer(t, { data, env });
    await published(second);
    const reseal = () => on(second)('accounts', 'reseal');
    assert.match((await reseal()).stdout, /^RESEALED +ALREADY +UNREADABLE\n1 +0 +0\n$/);
    assert.match((await reseal()).stdout, /\n0 +1 +0\n$/);
    await second.stop();

    rmSync(file('accounts.key.before'));
    const third = await startServer(t, { data, env });
    await published(third);
    await third.stop();
    // Without any key that opens, it says so.
    rmSync(file('accounts.key'));
    const fourth = await startServer(t, { data, env });
    const { code, stdout, stderr } = await on(fourth)('accounts', 'reseal', '--json');
    assert.deepEqual([code, JSON.parse(stdout).unreadable], [1, [account.id]], stderr);
    assert.match(stderr, /open under no key/);
    assert.ok(existsSync(file('accounts.key')));
  });
});

describe('README', { skip: needsProcess || needsBluesky }, () => {
  test('its commands bring a post to Bluesky', async (t) => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const [, block] = readme.match(/### To Bluesky[^]*?```sh\n([^]*?)```/);
    const commands = block.trim().split('\n');
    assert.equal(commands.length, 3, block);
    const data = dataDirectory(t);
    // A demo, as the README starts it: nothing is configured, and the commands make their token themselves.
    const { PATH, HOME, PUSHBRIDGE_ALLOW_PRIVATE_ADDRESSES } = environment();
    const [bluesky, server] = [await startBluesky(t, 'alice.bsky.social'), await startServer(t, { data, env: { PATH, HOME, PUSHBRIDGE_ALLOW_PRIVATE_ADDRESSES } })];
    // The shell runs each line as it stands there. What it calls adds where this test's server and Bluesky are.
    const tool = join(data, 'pushbridge');
    const added = `[ "$1 $2" = "accounts add" ] && set -- "$@" --address '${bluesky.url}'`;
    writeFileSync(tool, `#!/bin/sh\n${added}\nexec '${process.env.PUSHBRIDGE_BIN}' "$@" --url '${server.url}' --data '${data}'\n`, { mode: 0o755 });
    const type = async (line, typed = '') => {
      const shell = spawn('sh', ['-ec', line], { env: { PATH: `${data}:${PATH}`, HOME }, cwd: data });
      let said = '';
      for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk) => (said += chunk));
      shell.stdin.end(`${typed}\n`);
      const [code] = await within(once(shell, 'close'), line);
      assert.equal(code, 0, `${line}: ${said}`);
      return said;
    };
    const { token } = (await call(server, 'POST', '/demo/token')).body;
    const wire = await Wire.connect(t, server, { path: '/app/demo-key', query: { protocol: 7, token } });
    assert.match(await type(commands[0], bluesky.password), /bluesky +Alice +connected/);
    await type(commands[1]);
    await wire.until('post:published');
    assert.match(await type(commands[2]), / bluesky .* published .*https:\/\/bsky\.app\/profile\//);
    const [record, ...more] = await bluesky.records();
    assert.equal(more.length, 0, 'one record');
    assert.equal(record.value.text, 'Hello from #pushbridge https://example.com');
    assert.deepEqual(record.value.facets.map((it) => it.features[0].$type).sort(), ['app.bsky.richtext.facet#link', 'app.bsky.richtext.facet#tag']);
    assert.ok(!server.log.join('\n').includes(bluesky.password), 'the app password is not logged');
  });
});
