// The official Python SDK, pointed at the server under test.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { APP } from './server.js';
import { within } from './wait.js';

const python = process.env.PUSHBRIDGE_PYTHON;
const script = fileURLToPath(new URL('sdk.py', import.meta.url));

/** The reason to skip tests that want Python, or false. `cargo xtask test` brings it along. */
export const needsPython = python || process.env.CI === 'true' ? false : 'needs PUSHBRIDGE_PYTHON, a Python with the SDK';

/** Makes calls of the SDK in order; answers for each {ok} with its value or {error} with the exception's name and text. */
export async function pythonSdk(server, calls, more = {}) {
  if (!python) throw new Error('PUSHBRIDGE_PYTHON is not set');
  const options = { app_id: APP.id, key: APP.key, secret: APP.secret, host: server.host, port: server.port, ssl: server.tls, ...more };
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'pipe'] });
  const text = (stream) => stream.setEncoding('utf8').toArray().then((parts) => parts.join(''));
  child.stdin.end(JSON.stringify({ options, calls }));
  const [stdout, stderr] = await within(Promise.all([text(child.stdout), text(child.stderr)]), 'the Python SDK').finally(() => child.kill());
  if (!stdout) throw new Error(`the Python SDK said nothing:\n${stderr}`);
  return JSON.parse(stdout);
}
