// What a new user does: start it with nothing configured and paste what it prints.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { dataDirectory, environment, needsProcess, runToEnd, startServer } from './lib/server.js';
import { call } from './lib/rest.js';
import { Inbox, within } from './lib/wait.js';
import { Wire } from './lib/wire.js';

const bare = { PATH: process.env.PATH, HOME: process.env.HOME };
const here = fileURLToPath(new URL('.', import.meta.url));

/** The demo, and what it printed until its last line. */
async function startDemo(t) {
  const server = await startServer(t, { env: bare });
  // The whole text is written at once; the page's answer comes after it.
  assert.equal((await call(server, 'GET', '/')).status, 200);
  return { server, text: server.log.join('\n') };
}

/** Runs a program until its end; what it printed. */
async function output(program, args, options) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  await within(once(child, 'close'), `${program} to end`);
  return text;
}

const demoToken = async (server) => (await call(server, 'POST', '/demo/token')).body.token;

describe('the demo', { skip: needsProcess }, () => {
  test('tells all in under 20 lines; the printed curl schedules a post that publishes itself', async (t) => {
    const { server, text } = await startDemo(t);
    assert.ok(text.split('\n').length < 20, text);
    for (const part of [server.url, `${server.ws}/app/demo-key`, '1001', 'demo-key', 'demo-secret']) {
      assert.ok(text.includes(part), `${part} is missing in:\n${text}`);
    }
    const token = await demoToken(server);
    const wire = await Wire.connect(t, server, { path: '/app/demo-key', query: { protocol: 7, token } });
    const command = text.slice(text.indexOf('curl '));
    const post = JSON.parse(await output('bash', ['-c', command.replace('curl ', 'curl --silent ')]));
    assert.equal(post.status, 'scheduled', JSON.stringify(post));
    const ahead = new Date(post.scheduled_at).getTime() - Date.now();
    assert.ok(ahead > 5_000 && ahead <= 10_500, `${ahead} ms ahead`);
    for (const event of ['post:scheduled', 'post:publishing', 'post:published']) {
      assert.equal(JSON.parse((await wire.until(event)).data).data.post_id, post.id);
    }
    const inbox = (await call(server, 'GET', '/demo/inbox', { token })).body;
    assert.ok(JSON.stringify(inbox).includes('Hello'), JSON.stringify(inbox));
  });

  test('the printed pusher-js snippet works when pasted, and the command line triggers an event', async (t) => {
    const { server, text } = await startDemo(t);
    const snippet = text.slice(text.indexOf('import Pusher'), text.indexOf('A post in 10 seconds'));
    const page = spawn('node', ['--input-type=module', '--eval', snippet], { cwd: here, stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => page.kill('SIGKILL'));
    const lines = new Inbox();
    createInterface({ input: page.stdout }).on('line', (line) => lines.push(line));
    await lines.until((line) => line.includes('pusher:subscription_succeeded'), 'the subscription');
    const trigger = ['trigger', '--url', server.url, '--data', server.data, '--channel', 'news', '--event', 'hello', '{"n":1}'];
    const done = await runToEnd(trigger, { env: bare });
    assert.equal(done.code, 0, done.stderr);
    assert.match(await lines.next('the event'), /hello.*n: 1/);
  });

  test('posts are scheduled, listed and cancelled from the command line', async (t) => {
    const { server } = await startDemo(t);
    const posts = async (...args) => {
      const done = await runToEnd(['posts', ...args, '--url', server.url, '--data', server.data], { env: bare });
      assert.equal(done.code, 0, done.stderr);
      return done.stdout;
    };
    const made = JSON.parse(await posts('schedule', '--at', '+1h', '--json', 'From the shell'));
    assert.match(await posts('list'), new RegExp(`${made.id}.*scheduled|scheduled.*${made.id}`));
    await posts('cancel', made.id);
    assert.equal(JSON.parse(await posts('list', '--json')).posts.find((it) => it.id === made.id).status, 'cancelled');
  });

  test('a token from the command line is a good one', async (t) => {
    const server = await startServer(t);
    const minted = await runToEnd(['token', '--user', 'ann', '--workspace', 'acme', '--data', server.data], { env: environment() });
    assert.equal(minted.code, 0, minted.stderr);
    const wire = await Wire.connect(t, server, { query: { protocol: 7, token: minted.stdout.trim() } });
    assert.equal((await wire.next()).channel, 'private-user-ann');
    await wire.subscribe('private-workspace-acme', { auth: '' });
  });

  test('never listens where others can reach it', async (t) => {
    const refused = await runToEnd(['serve', '--listen', '0.0.0.0:0', '--data', dataDirectory(t)], { env: bare });
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /loopback/);
  });

  test('the page and what it loads are served by itself', async (t) => {
    const { server } = await startDemo(t);
    const page = await call(server, 'GET', '/');
    assert.match(page.headers.get('content-type'), /^text\/html/);
    const links = [...page.body.matchAll(/(?:src|href)="([^"#]+)"/g)].map((it) => it[1]).filter((it) => !it.startsWith('data:'));
    assert.ok(links.length >= 2, page.body);
    for (const link of links) {
      assert.ok(link.startsWith('/'), `${link} comes from elsewhere`);
      assert.equal((await call(server, 'GET', link)).status, 200, link);
    }
  });

  test('--help of everything reads like a synopsis with examples', async () => {
    for (const args of [['--help'], ['serve', '--help'], ['token', '--help'], ['trigger', '--help'], ['posts', '--help']]) {
      const { code, stdout } = await runToEnd(args);
      assert.equal(code, 0);
      assert.match(stdout, /^Usage: \S+ /m, args.join(' '));
      assert.match(stdout, /Examples?:/, args.join(' '));
    }
  });
});
