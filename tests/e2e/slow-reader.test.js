// A socket that never reads costs its own connection and nobody else's time.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { sdk } from './lib/clients.js';
import { frame, upgraded } from './lib/raw.js';
import { REMOTE, sharedServer } from './lib/server.js';
import { within } from './lib/wait.js';
import { Wire } from './lib/wire.js';

const CHANNELS = 20;
const EVENT_BYTES = 10_000;
/** More than the kernel's buffers on both sides and any queue of ours can hold: 80 MB. */
const ROUNDS = 400;

/** A subscribed socket that stops reading. */
async function lazySocket(t, server, channels) {
  const { socket, inbox, closed } = await upgraded(t, server);
  for (const channel of channels) {
    socket.write(frame(JSON.stringify({ event: 'pusher:subscribe', data: { channel } })));
  }
  for (let frames = 0; frames <= channels.length; frames++) await inbox.next('the hello and the subscriptions');
  socket.removeAllListeners('data');
  socket.pause();
  return { socket, closed };
}

describe('a slow reader', { skip: REMOTE ? 'floods the host' : false }, () => {
  const server = sharedServer();

  test('is closed at last, and another receiver gets everything in order meanwhile', async (t) => {
    const channels = Array.from({ length: CHANNELS }, (_, n) => `slow-${n}`);
    const { socket, closed } = await lazySocket(t, server, channels);
    const reader = await Wire.connect(t, server);
    await reader.subscribe(channels[0]);
    const publisher = sdk(server);
    const padding = 'x'.repeat(EVENT_BYTES);
    for (let round = 0; round < ROUNDS; round++) {
      await publisher.trigger(channels, 'flood', `${round} ${padding}`);
      const event = await reader.next(`event ${round}`);
      assert.equal(parseInt(event.data, 10), round);
    }
    let received = 0;
    socket.on('data', (chunk) => (received += chunk.length));
    socket.on('end', () => socket.destroy());
    socket.resume();
    await within(closed, 'the slow reader to be closed by the server');
    assert.ok(received < ROUNDS * CHANNELS * EVENT_BYTES, `${received} bytes came, so nothing was dropped`);
    await reader.quiet();
  });
});
