// The server under test: a fresh process on a free port, or any host named by PUSHBRIDGE_URL.
import { after, afterEach, before } from 'node:test';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { REMOTE, controlOf } from './host.js';
import { within } from './wait.js';

const here = process.env;

/** Lines of a failed server's log that are shown. */
const LOG_LINES = 80;

/** Credentials of the app that tests talk to. */
export const APP = {
  id: here.PUSHER_APP_ID ?? '1001',
  key: here.PUSHER_KEY ?? 'e2e-key',
  secret: here.PUSHER_SECRET ?? 'e2e-secret',
};
export const JWT_SECRET = here.JWT_SECRET ?? 'a-secret-for-tests-of-32-bytes-or-more';
export const CRON_SECRET = here.CRON_SECRET ?? 'a-cron-secret-for-tests';

/** Variables of the caller that choose the host. */
const HOST = ['PUSHBRIDGE_STORE', 'PUSHBRIDGE_FUNCTIONS', 'PUSHBRIDGE_FUNCTIONS_FROM', 'PUSHBRIDGE_EMULATED', 'PUSHBRIDGE_CALLS', 'CARGO_LAMBDA'];

export { REMOTE, differs, needsProcess, tooMany } from './host.js';

/** Environment of a server with an app of its own. Nothing of the caller's configuration leaks in. */
export function environment(more = {}) {
  return {
    PATH: here.PATH,
    HOME: here.HOME,
    PUSHER_APP_ID: APP.id,
    PUSHER_KEY: APP.key,
    PUSHER_SECRET: APP.secret,
    JWT_SECRET,
    CRON_SECRET,
    PUSHBRIDGE_ALLOW_PRIVATE_ADDRESSES: '1',
    RUST_LOG: 'info',
    ...Object.fromEntries(HOST.map((name) => [name, here[name] ?? ''])),
    ...more,
  };
}

/** Environment of a server whose apps come from its configuration file. */
export function fileEnvironment() {
  const { PUSHER_APP_ID, PUSHER_KEY, PUSHER_SECRET, ...rest } = environment();
  return rest;
}

/** A configuration file of one app, the one that tests talk to, with more lines for it. */
export function appFile(lines = '') {
  return `[[apps]]\nid = "${APP.id}"\nkeys = [{ key = "${APP.key}", secret = "${APP.secret}" }]\nclient_events = true\n${lines}\n`;
}

/** A data directory that goes away with the test. */
export function dataDirectory(t) {
  const folder = mkdtempSync(join(tmpdir(), 'pushbridge-e2e-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

function binary() {
  if (!here.PUSHBRIDGE_BIN) throw new Error('set PUSHBRIDGE_BIN to the built binary, or PUSHBRIDGE_URL to a host');
  return here.PUSHBRIDGE_BIN;
}

/** Runs the binary to its end. */
export async function runToEnd(args, { env = environment(), cwd = tmpdir() } = {}) {
  const child = spawn(binary(), args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  try {
    const [code] = await within(once(child, 'close'), `${args.join(' ')} to end`);
    return { code, stdout, stderr };
  } finally {
    child.kill('SIGKILL');
  }
}

/** A server that runs somewhere. */
class Server {
  constructor(url, child, log = []) {
    const { hostname, port, protocol } = new URL(url);
    const tls = protocol === 'https:';
    Object.assign(this, { url, tls, child, log, host: hostname, port: Number(port || (tls ? 443 : 80)) });
    this.ws = url.replace(/^http/, 'ws');
  }

  /** Sends a signal and waits for the end; answers {code, signal}. */
  async stop(signal = 'SIGTERM') {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, 'exit');
      this.child.kill(signal);
      await within(ended, `the server to end after ${signal}`);
    }
    return { code: this.child.exitCode, signal: this.child.signalCode };
  }
}

/** Starts a process and waits for the line with its address. It is killed with the test; its log is shown if that failed. */
export async function startServer(t, { data = dataDirectory(t), config, env = config ? fileEnvironment() : environment() } = {}) {
  if (config) writeFileSync(join(data, 'pushbridge.toml'), config);
  const child = spawn(binary(), ['serve', '--listen', '127.0.0.1:0', '--data', data], {
    env,
    cwd: data,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = [];
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  const lines = createInterface({ input: child.stdout }).on('line', (line) => log.push(line));
  t.after((context) => {
    child.kill('SIGKILL');
    if (context?.passed === false) console.error(`log of the server:\n${log.slice(-LOG_LINES).join('\n')}`);
  });
  const address = new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      const found = line.match(/http:\/\/127\.0\.0\.1:\d+/);
      if (found) resolve(found[0]);
    });
    child.on('error', reject);
    child.on('close', (code) => reject(new Error(`the server ended with ${code} before it was ready:\n${log.join('\n')}`)));
  });
  const server = new Server(await within(address, 'the server to print its address'), child, log);
  server.data = data;
  server.control = await controlOf(server.url);
  return server;
}

/** For a `describe`: one server for all of its tests, the remote one if there is one. Usable inside of tests. */
export function sharedServer({ env, config } = {}) {
  const server = {};
  const cleanups = [];
  let passed = true;
  before(async () => {
    const started = REMOTE
      ? Object.assign(new Server(REMOTE, null), { control: await controlOf(REMOTE) })
      : await startServer({ after: (cleanup) => cleanups.push(cleanup) }, { env, config });
    Object.assign(server, started);
  });
  afterEach((context) => {
    passed &&= context.passed !== false;
  });
  after(() => cleanups.reverse().forEach((cleanup) => cleanup({ passed })));
  return server;
}
