// Functions that `cargo lambda watch` builds and starts, as whoever works on them does it. Needs CARGO_LAMBDA, the program.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { sdk } from '../lib/clients.js';
import { environment, startServer } from '../lib/server.js';
import { Wire } from '../lib/wire.js';

const here = process.env;
/** What cargo wants to know, so that it finds what is built. */
const CARGO = ['CARGO_HOME', 'CARGO_INCREMENTAL', 'CARGO_PROFILE_DEV_DEBUG', 'CARGO_TARGET_DIR', 'RUSTUP_HOME', 'RUSTUP_TOOLCHAIN'];
/** How long cargo may take for a function that is built. */
const BUILD_MS = 120_000;

describe('cargo lambda watch', () => {
  test('a client connects, subscribes and hears', async (t) => {
    const cargo = Object.fromEntries(CARGO.filter((name) => here[name]).map((name) => [name, here[name]]));
    const env = environment({
      ...cargo,
      PUSHBRIDGE_FUNCTIONS: 'lambda',
      PUSHBRIDGE_FUNCTIONS_FROM: fileURLToPath(new URL('../../..', import.meta.url)),
      PUSHBRIDGE_EMULATED: JSON.stringify({ integration_ms: BUILD_MS, http_integration_ms: BUILD_MS, function_ms: BUILD_MS }),
      // All functions have the credentials of one program there.
      PUSHBRIDGE_CALLS: '',
    });
    const server = await startServer(t, { env });
    try {
      // The first event of a function has it built: none is waited for before.
      const first = new Wire(server);
      t.after(() => first.socket.terminate());
      const hello = await first.next('the hello', BUILD_MS);
      assert.equal(hello.event, 'pusher:connection_established');
      first.ask('news');
      const joined = await first.next('the subscription', BUILD_MS);
      assert.equal(joined.event, 'pusher_internal:subscription_succeeded', JSON.stringify(joined));
      await sdk(server, { timeout: BUILD_MS }).trigger('news', 'e', {});
      assert.equal((await first.next('the event', BUILD_MS)).event, 'e');
    } finally {
      // Not killed: what it started ends with it.
      await server.stop('SIGTERM');
    }
  });
});
