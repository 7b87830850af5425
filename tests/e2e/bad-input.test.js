// Bad input: the right status, one sentence that helps, and nothing changed.
import { before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signedPath, tokenOf, jwt } from './lib/crypto.js';
import { APP, dataDirectory, environment, needsProcess, runToEnd, sharedServer } from './lib/server.js';
import { call, webhookAccount } from './lib/rest.js';
import { within } from './lib/wait.js';
import { Wire } from './lib/wire.js';

const workspace = `ws-${process.pid}-${Date.now()}`;
const token = tokenOf('u1', workspace);

/** Whatever the shape of an error, it holds words and no insides. */
function assertHelpful({ body }, about) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  assert.match(text, /[a-z]{3}/i, `${about} says why`);
  assert.doesNotMatch(text, /panicked|\.rs:|sqlite|dynamo|aws_sdk|backtrace/i, about);
}

describe('bad requests', () => {
  const server = sharedServer();
  let account;
  before(async () => {
    account = await webhookAccount(server, token, 'http://127.0.0.1:9/hook', workspace);
  });

  const later = new Date(Date.now() + 3_600_000).toISOString();
  const json = (body) => ({ raw: body, headers: { 'content-type': 'application/json' } });
  const cases = () => {
    const good = { workspace_id: workspace, text: 'Hello', accounts: [account.id], scheduled_at: later };
    const post = (change) => json(JSON.stringify({ ...good, ...change }));
    return [
      ['malformed JSON', 400, json('{"text":')],
      ['no object', [400, 422], json('[]')],
      ['an empty body', 400, json('')],
      ['another content type', [400, 415], { raw: 'text=a', headers: { 'content-type': 'text/plain' } }],
      ['an unknown field', [400, 422], post({ txt: 'typo' })],
      ['a number for a text', [400, 422], post({ text: 7 })],
      ['no such day', [400, 422], post({ scheduled_at: '2026-02-30T10:00:00Z' })],
      ['no date at all', [400, 422], post({ scheduled_at: 'tomorrow' })],
      ['a date without a zone', [400, 422], post({ scheduled_at: '2027-01-01T10:00:00' })],
      ['a date long ago', 422, post({ scheduled_at: '1999-01-01T00:00:00Z' })],
      ['a date far ahead', [400, 422], post({ scheduled_at: '9999-12-31T23:59:59Z' })],
      ['a year of five digits', [400, 422], post({ scheduled_at: '+99999-01-01T00:00:00Z' })],
      ['a huge number as a date', [400, 422], post({ scheduled_at: 1e300 })],
      ['too long a text', 422, post({ text: 'x'.repeat(5_001) })],
      ['no text', 422, post({ text: '' })],
      ['no accounts', 422, post({ accounts: [] })],
      ['an account that is not there', 422, post({ accounts: ['acc_nope'] })],
      ['too many accounts', 422, post({ accounts: Array.from({ length: 51 }, (_, n) => `acc_${n}`) })],
      ['a foreign workspace', [403, 404, 422], post({ workspace_id: 'foreign' })],
      ['a body of 1 MB', 413, post({ text: 'x'.repeat(1_048_576) })],
    ];
  };

  test('none of them changes anything, each says why', async () => {
    for (const [name, expected, request] of cases()) {
      const reply = await call(server, 'POST', '/api/posts', { token, ...request });
      assert.ok([expected].flat().includes(reply.status), `${name}: ${reply.status} ${JSON.stringify(reply.body)}`);
      assertHelpful(reply, name);
    }
    const list = await call(server, 'GET', `/api/posts?workspace_id=${workspace}`, { token });
    assert.deepEqual(list.body.posts, []);
  });

  test('422 lists every wrong field', async () => {
    const body = { workspace_id: workspace, text: 'x'.repeat(5_001), accounts: ['acc_nope'], scheduled_at: '1999-01-01T00:00:00Z' };
    const reply = await call(server, 'POST', '/api/posts', { token, body });
    assert.equal(reply.status, 422);
    const text = JSON.stringify(reply.body);
    for (const field of ['text', 'scheduled_at']) assert.ok(text.includes(`"${field}"`), text);
  });

  test('who is not known gets 401, what is not theirs 404', async () => {
    const tokens = [undefined, 'garbage', jwt({ sub: 'u1' }, { ttl: -3600 }), jwt({}), jwt({ sub: '' })];
    for (const who of tokens) {
      for (const path of ['/api/posts', '/api/accounts']) {
        const reply = await call(server, 'GET', path, { token: who });
        assert.equal(reply.status, 401, `${path} ${who}`);
        assertHelpful(reply, path);
      }
    }
    for (const path of ['/api/posts/post_nope', '/api/posts/..%2F..%2Fetc', '/api/nothing', '/nothing']) {
      const reply = await call(server, 'GET', path, { token });
      assert.ok([400, 404, 422].includes(reply.status), `${path}: ${reply.status}`);
    }
    assert.equal((await call(server, 'PUT', '/api/posts', { token })).status, 405);
    assert.equal((await call(server, 'DELETE', `/api/accounts/${account.id}`, { token: tokenOf('eve', 'other') })).status, 404);
  });

  test('accounts that are none are refused, and secrets never come back', async () => {
    const base = { workspace_id: workspace, platform: 'webhook', name: 'n', url: 'http://127.0.0.1:9/', secret: account.secret };
    const bad = [{ platform: 'nope' }, { url: 'ftp://x' }, { url: 'not a url' }, { url: '' }, { name: '' }, { name: 'x'.repeat(101) },
      { secret: 'whsec_short' }, { secret: 'plain' }, { url: 'http://user:password@127.0.0.1/' }];
    for (const change of bad) {
      const reply = await call(server, 'POST', '/api/accounts', { token, body: { ...base, ...change } });
      assert.ok([400, 422].includes(reply.status), `${JSON.stringify(change)}: ${reply.status}`);
      assertHelpful(reply, JSON.stringify(change));
      assert.ok(!JSON.stringify(reply.body).includes(account.secret));
    }
    const list = await call(server, 'GET', `/api/accounts?workspace_id=${workspace}`, { token });
    assert.equal(JSON.stringify(list.body).match(/acc/g)?.length >= 1, true);
    assert.ok(!JSON.stringify(list.body).includes(account.secret));
  });

  test('1 MB to the events route is 413 or 401, and the server lives', async (t) => {
    const body = JSON.stringify({ name: 'e', channels: ['c'], data: 'x'.repeat(1_048_576) });
    const path = signedPath('POST', `/apps/${APP.id}/events`, body);
    const reply = await call(server, 'POST', path, json(body));
    assert.equal(reply.status, 413);
    await (await Wire.connect(t, server)).quiet();
  });

  test('bytes that are no HTTP do not disturb others', async (t) => {
    const wire = await Wire.connect(t, server);
    for (const bytes of ['\x00\x01\x02', 'GET / HTTP/9\r\n\r\n', `GET /${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`, 'POST /api/posts HTTP/1.1\r\ncontent-length: -1\r\n\r\n']) {
      const socket = connect(server.port, server.host);
      await within(once(socket, 'connect'), 'connect');
      socket.on('error', () => {});
      socket.resume();
      const closed = new Promise((resolve) => socket.on('close', resolve));
      socket.end(bytes);
      await within(closed, `the end of ${JSON.stringify(bytes.slice(0, 20))}`);
    }
    await wire.quiet();
  });
});

describe('a start that cannot work', { skip: needsProcess }, () => {
  async function assertRefused(t, args, { env, names }) {
    const { code, stderr, stdout } = await runToEnd(args, { env: env ?? environment(), cwd: dataDirectory(t) });
    const said = stderr.trim();
    assert.notEqual(code, 0, `${args} started:\n${stdout}`);
    assert.match(said, names, said);
    assert.doesNotMatch(said, /panicked|RUST_BACKTRACE|Os \{/, said);
    assert.ok(said.split('\n').length <= 8, `short enough:\n${said}`);
    return said;
  }

  test('ports and addresses', async (t) => {
    const data = dataDirectory(t);
    for (const listen of ['127.0.0.1:99999', 'nonsense', '127.0.0.1']) {
      await assertRefused(t, ['serve', '--listen', listen, '--data', data], { names: /listen/i });
    }
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    t.after(() => other.close());
    const { port } = other.address();
    await assertRefused(t, ['serve', '--listen', `127.0.0.1:${port}`, '--data', data], { names: new RegExp(`${port}`) });
  });

  test('data directories', async (t) => {
    const file = join(dataDirectory(t), 'a-file');
    writeFileSync(file, '');
    for (const data of [file, join(file, 'below'), '/proc/nothing']) {
      await assertRefused(t, ['serve', '--listen', '127.0.0.1:0', '--data', data], { names: /data|director|file/i });
    }
  });

  test('configuration files', async (t) => {
    const folder = dataDirectory(t);
    const config = join(folder, 'pushbridge.toml');
    const serve = ['serve', '--listen', '127.0.0.1:0', '--data', join(folder, 'data'), '--config', config];
    await assertRefused(t, serve, { names: /pushbridge\.toml/ });
    for (const text of ['[[apps]', 'nonsense = 1', '[[apps]]\nid = "1"\nkeys = []\n', '[server]\nlisten = 7\n']) {
      writeFileSync(config, text);
      await assertRefused(t, serve, { names: /pushbridge\.toml|apps|listen/ });
    }
  });

  test('the environment', async (t) => {
    const serve = ['serve', '--listen', '127.0.0.1:0', '--data', dataDirectory(t)];
    for (const [name, value] of [['PUSHER_KEY', ''], ['JWT_SECRET', 'short'], ['CRON_SECRET', 'short'], ['PUSHBRIDGE_ALLOW_PRIVATE_ADDRESSES', 'maybe']]) {
      const said = await assertRefused(t, serve, { env: environment({ [name]: value }), names: new RegExp(name) });
      assert.ok(!said.includes(APP.secret), 'no secret is shown');
    }
  });

  test('flags and commands that are none', async (t) => {
    for (const args of [['nonsense'], ['serve', '--nonsense'], ['posts', 'nonsense']]) {
      await assertRefused(t, args, { names: /nonsense/ });
    }
  });
});
