// Which pages may connect: the Origin header that browsers send, against the app's list.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { APP, dataDirectory, environment, needsProcess, startServer } from './lib/server.js';
import { within } from './lib/wait.js';
import { Wire } from './lib/wire.js';

const CONFIG = `
[[apps]]
id = "7"
keys = [{ key = "listed-key", secret = "listed-secret" }]
allowed_origins = ["https://app.example.com"]
`;

test('an app with a list of origins lets only those pages connect', { skip: needsProcess }, async (t) => {
  const data = dataDirectory(t);
  writeFileSync(join(data, 'pushbridge.toml'), CONFIG);
  const server = await startServer(t, { data, env: environment() });
  const listed = '/app/listed-key';
  for (const origin of ['https://app.example.com', server.url, undefined]) {
    await Wire.connect(t, server, { path: listed, origin });
  }
  for (const origin of ['https://evil.example', 'http://app.example.com', 'null', 'http://127.0.0.1']) {
    await Wire.connect(t, server, { path: `/app/${APP.key}`, origin });
    const wire = new Wire(server, { path: listed, origin });
    t.after(() => wire.socket.terminate());
    await within(wire.upgraded, 'the upgrade');
    const first = await wire.next('the error');
    assert.equal(first.event, 'pusher:error');
    assert.equal(first.data.code, 4009, origin);
    assert.match(first.data.message, /allowed_origins/);
    assert.equal(await wire.closeCode(), 4009);
  }
});
