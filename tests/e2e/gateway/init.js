// Init: what each function has open before it asks for its first event, seen by the services that it calls.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { within } from '../lib/wait.js';

const FUNCTIONS = ['connect', 'message', 'disconnect', 'auth', 'api', 'publish', 'fanout', 'worker', 'bridge'];
/** The one that posts to nobody: it signs. */
const SILENT = 'auth';
const FOLDER = process.env.PUSHBRIDGE_FUNCTIONS_FROM;
/** What DynamoDB says of tables in which there is nothing. */
const EMPTY = '{"Count":0,"Items":[],"ScannedCount":0}';

/** A service on a port of its own: how many connections are open to it, and how many requests it answered. */
async function service(t, answer) {
  const seen = { open: 0, answered: 0 };
  const http = createServer((request, response) => {
    request.resume();
    answer(request, () => {
      seen.answered += 1;
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(EMPTY);
    });
  });
  http.on('connection', (socket) => {
    seen.open += 1;
    socket.on('close', () => (seen.open -= 1));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.after(() => {
    http.closeAllConnections();
    http.close();
  });
  return Object.assign(seen, { address: `127.0.0.1:${http.address().port}` });
}

/** Starts a function; answers what is open when it polls. */
async function start(t, name, without = []) {
  const dynamodb = await service(t, (_, answer) => answer());
  const gateway = await service(t, (_, answer) => answer());
  let polls;
  const polled = new Promise((resolve) => (polls = resolve));
  const runtime = await service(t, (request) => {
    const of = ({ open, answered }) => ({ open, answered });
    // It is not answered: the function waits for its first event.
    if (request.url.endsWith('/runtime/invocation/next')) polls({ dynamodb: of(dynamodb), gateway: of(gateway) });
  });
  const env = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '1',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    AWS_LAMBDA_RUNTIME_API: runtime.address,
    AWS_ENDPOINT_URL_DYNAMODB: `http://${dynamodb.address}`,
    WS_ENDPOINT: `http://${gateway.address}/prod`,
    QUEUE_URL: 'http://127.0.0.1:9/jobs',
    PUSHER_APP_ID: '1',
    PUSHER_KEY: 'key',
    PUSHER_SECRET: 'secret',
    JWT_SECRET: '0123456789abcdef0123456789abcdef',
    ACCOUNTS_KEY: '00'.repeat(32),
  };
  for (const variable of without) delete env[variable];
  const child = spawn(join(FOLDER, name), { env, stdio: ['ignore', 'inherit', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(([code]) => assert.fail(`${name} ended with ${code} before it polled`));
  return within(Promise.race([polled, ended]), `${name} to poll`);
}

describe('Init', { skip: !FOLDER && 'needs the functions as programs' }, () => {
  for (const name of FUNCTIONS) {
    test(`${name} has its connections open before its first poll`, async (t) => {
      const { dynamodb, gateway } = await start(t, name);
      assert.ok(dynamodb.answered >= 1 && dynamodb.open >= 1, JSON.stringify(dynamodb));
      if (name !== SILENT) assert.ok(gateway.open >= 1, JSON.stringify(gateway));
    });
  }

  test('what is not open is seen', async (t) => {
    const { gateway } = await start(t, 'message', ['WS_ENDPOINT']);
    assert.deepEqual(gateway, { open: 0, answered: 0 });
  });
});
