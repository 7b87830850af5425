// The server under test: a fresh process on a free port, or any host named by PUSHBRIDGE_URL.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { within } from './wait.js';

const here = process.env;

/** Credentials of the app that tests talk to. */
export const APP = {
  id: here.PUSHER_APP_ID ?? '1001',
  key: here.PUSHER_KEY ?? 'e2e-key',
  secret: here.PUSHER_SECRET ?? 'e2e-secret',
};
export const JWT_SECRET = here.JWT_SECRET ?? 'a-secret-for-tests-of-32-bytes-or-more';
export const CRON_SECRET = here.CRON_SECRET ?? 'a-cron-secret-for-tests';

/** Whether the suite runs against a host that it did not start. */
export const REMOTE = here.PUSHBRIDGE_URL;

/** For tests that start, kill or reconfigure the process: the reason to skip them elsewhere, or false. */
export const needsProcess = REMOTE ? 'needs control of the process' : false;

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
    ...more,
  };
}

/** A data directory that goes away with the test. */
export function dataDirectory(t) {
  const folder = mkdtempSync(join(tmpdir(), 'pushbridge-e2e-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function binary() {
  if (!here.PUSHBRIDGE_BIN) throw new Error('set PUSHBRIDGE_BIN to the built binary, or PUSHBRIDGE_URL to a host');
  return here.PUSHBRIDGE_BIN;
}

/** Runs the binary to its end. */
export async function runToEnd(args, { env = environment(), cwd = tmpdir(), input = '' } = {}) {
  const child = spawn(binary(), args, { env, cwd });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  child.stdin.end(input);
  try {
    const [code] = await within(once(child, 'close'), `${args.join(' ')} to end`);
    return { code, stdout, stderr };
  } finally {
    child.kill('SIGKILL');
  }
}

/** A running server. */
class Server {
  constructor(url, child) {
    this.url = url;
    const { hostname, port, protocol } = new URL(url);
    this.host = hostname;
    this.tls = protocol === 'https:';
    this.port = Number(port || (this.tls ? 443 : 80));
    this.ws = url.replace(/^http/, 'ws');
    this.child = child;
  }

  /** Sends a signal and waits for the end; answers {code, signal}. */
  async stop(signal = 'SIGTERM') {
    if (!this.child) return { code: null, signal: null };
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, 'exit');
      this.child.kill(signal);
      await within(ended, `the server to end after ${signal}`);
    }
    return { code: this.child.exitCode, signal: this.child.signalCode };
  }
}

/** Starts a process and waits for the line with its address. */
export async function startServer(t, { data = dataDirectory(t), env = {}, args = [] } = {}) {
  const child = spawn(binary(), ['serve', '--listen', '127.0.0.1:0', '--data', data, ...args], {
    env: environment(env),
    cwd: data,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = [];
  const lines = createInterface({ input: child.stdout });
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  const address = new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      log.push(line);
      const found = line.match(/http:\/\/127\.0\.0\.1:\d+/);
      if (found) resolve(found[0]);
    });
    child.on('exit', (code) => reject(new Error(`the server ended with ${code} before it was ready`)));
    child.on('error', reject);
  });
  t.after(async (context) => {
    child.kill('SIGKILL');
    if (context?.passed === false || here.PUSHBRIDGE_LOGS) console.error(log.join('\n'));
  });
  try {
    const server = new Server(await within(address, 'the server to print its address'), child);
    server.data = data;
    server.log = log;
    return server;
  } catch (error) {
    error.message += `\n${log.join('\n')}`;
    throw error;
  }
}

/** The server that a file of tests shares: the remote one if there is one. */
export async function sharedServer(t) {
  return REMOTE ? new Server(REMOTE.replace(/\/$/, ''), null) : startServer(t);
}
