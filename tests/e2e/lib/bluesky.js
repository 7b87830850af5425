// A real Bluesky server on loopback, with one account.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { once } from 'node:events';
import { within } from './wait.js';

const folder = process.env.PUSHBRIDGE_PDS;

/** The reason to skip tests that want the server, or false. `cargo xtask test` brings it along. */
export const needsBluesky = folder || process.env.CI === 'true' ? false : 'needs PUSHBRIDGE_PDS, the folder of tests/pds with its packages';

/** Starts the server; it ends with the test. Answers {url, did, handle, password, records}. */
export async function startBluesky(t) {
  if (!folder) throw new Error('PUSHBRIDGE_PDS is not set');
  const child = spawn('node', [join(folder, 'server.js')], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.stdin.end());
  const [line] = await within(once(createInterface({ input: child.stdout }), 'line'), 'the Bluesky server to start');
  const account = JSON.parse(line);
  const query = `repo=${account.did}&collection=app.bsky.feed.post&limit=100`;
  const records = async () => {
    const response = await fetch(`${account.url}/xrpc/com.atproto.repo.listRecords?${query}`);
    return (await response.json()).records;
  };
  return { ...account, records };
}
