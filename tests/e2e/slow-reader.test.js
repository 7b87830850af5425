// A socket that never reads costs its own connection and nobody else's time.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { APP, sharedServer, REMOTE } from './lib/server.js';
import { sdk } from './lib/clients.js';
import { within } from './lib/wait.js';
import { Wire } from './lib/wire.js';

const CHANNELS = 20;
const EVENT_BYTES = 10_000;
/** More than the kernel's buffers on both sides and any queue of ours can hold: 80 MB. */
const ROUNDS = 400;

/** A text frame of a client (RFC 6455, 5.2), masked with zeros; up to 125 bytes. */
const frame = (text) => Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);

async function lazySocket(t, server, channels) {
  const socket = connect(server.port, server.host);
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  await within(once(socket, 'connect'), 'connect');
  socket.write(
    `GET /app/${APP.key}?protocol=7 HTTP/1.1\r\nhost: ${server.host}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n` +
      'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  for (const channel of channels) {
    socket.write(frame(JSON.stringify({ event: 'pusher:subscribe', data: { channel } })));
  }
  let head = '';
  while (head.split('subscription_succeeded').length <= channels.length) {
    const [chunk] = await within(once(socket, 'data'), 'the subscriptions');
    head += chunk;
  }
  socket.pause();
  return socket;
}

describe('a slow reader', { skip: REMOTE ? 'floods the host' : false }, () => {
  const server = sharedServer();

  test('is closed at last, and another receiver gets everything in order meanwhile', async (t) => {
    const channels = Array.from({ length: CHANNELS }, (_, n) => `slow-${n}`);
    const lazy = await lazySocket(t, server, channels);
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
    const closed = new Promise((resolve) => lazy.on('close', resolve));
    lazy.on('data', (chunk) => (received += chunk.length));
    lazy.on('end', () => lazy.destroy());
    lazy.resume();
    await within(closed, 'the slow reader to be closed by the server');
    assert.ok(received < ROUNDS * CHANNELS * EVENT_BYTES, `${received} bytes came, so nothing was dropped`);
    await reader.quiet();
  });
});
