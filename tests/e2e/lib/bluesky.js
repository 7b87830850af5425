// A real Bluesky server on loopback, with one account.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { once } from 'node:events';
import { Inbox, within } from './wait.js';

const folder = process.env.PUSHBRIDGE_PDS;

/** How long it may take to start, on a machine that is busy with other tests. */
const START_MS = 60_000;

/** The reason to skip tests that want the server, or false. `cargo xtask test` brings it along. */
export const needsBluesky = folder || process.env.CI === 'true' ? false : 'needs PUSHBRIDGE_PDS, the folder of tests/pds with its packages';

/** Starts the server with the account of this handle; it ends with the test. Answers {url, did, handle, password, records}. */
export async function startBluesky(t, handle = 'alice.test') {
  if (!folder) throw new Error('PUSHBRIDGE_PDS is not set');
  const child = spawn('node', [join(folder, 'server.js'), handle], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.stdin.end());
  const [line] = await within(once(createInterface({ input: child.stdout }), 'line'), 'the Bluesky server to start', START_MS);
  const account = JSON.parse(line);
  const query = `repo=${account.did}&collection=app.bsky.feed.post&limit=100`;
  const records = async () => {
    const response = await fetch(`${account.url}/xrpc/com.atproto.repo.listRecords?${query}`);
    return (await response.json()).records;
  };
  return { ...account, records };
}

/** Stands before the server at `url`, and keeps back requests whose path `holds` until it is opened. */
export async function startDoor(t, url, holds) {
  const inbox = new Inbox();
  let open = false;
  const http = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const path = request.url.split('?')[0];
    if (!open && holds(path)) return inbox.push(path);
    const { host, connection, 'content-length': length, ...headers } = request.headers;
    const body = chunks.length ? Buffer.concat(chunks) : undefined;
    const answer = await fetch(`${url}${request.url}`, { method: request.method, headers, body });
    const type = answer.headers.get('content-type') ?? 'application/json';
    response.writeHead(answer.status, { 'content-type': type }).end(Buffer.from(await answer.arrayBuffer()));
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.after(() => {
    http.closeAllConnections();
    http.close();
  });
  return { url: `http://127.0.0.1:${http.address().port}`, held: () => inbox.next('a request that is held'), open: () => (open = true) };
}
