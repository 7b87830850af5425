// Frames as they should be and as they should not be.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { frame, upgraded } from './lib/raw.js';
import { sharedServer, tooMany } from './lib/server.js';
import { within } from './lib/wait.js';
import { Wire } from './lib/wire.js';

const PING = JSON.stringify({ event: 'pusher:ping', data: {} });
const PONG = '{"event":"pusher:pong","data":{}}';
const [TEXT, CLOSE, CONTROL_PING, CONTROL_PONG] = [1, 8, 9, 10];

describe('frames', () => {
  const server = sharedServer();

  async function greeted(t) {
    const raw = await upgraded(t, server);
    const hello = await raw.inbox.next('the hello');
    assert.match(hello.payload.toString(), /connection_established/);
    return raw;
  }

  test('a message in many frames, with a control frame between, is one message', async (t) => {
    const { socket, inbox } = await greeted(t);
    const [first, ...rest] = PING;
    socket.write(frame(first, { fin: false }));
    socket.write(frame('in between', { opcode: CONTROL_PING }));
    rest.forEach((letter, at) => socket.write(frame(letter, { opcode: 0, fin: at === rest.length - 1 })));
    assert.deepEqual(await inbox.next(), { opcode: CONTROL_PONG, payload: Buffer.from('in between') });
    assert.deepEqual(await inbox.next(), { opcode: TEXT, payload: Buffer.from(PONG) });
  });

  test('a message that comes byte by byte is one message, and two in one packet are two', async (t) => {
    const { socket, inbox } = await greeted(t);
    socket.setNoDelay(true);
    for (const byte of frame(PING)) socket.write(Buffer.from([byte]));
    assert.equal((await inbox.next()).payload.toString(), PONG);
    socket.write(Buffer.concat([frame(PING), frame(PING)]));
    for (let number = 0; number < 2; number++) assert.equal((await inbox.next()).payload.toString(), PONG);
  });

  test('a close is answered with the same code, and the connection ends', async (t) => {
    const { socket, inbox, closed } = await greeted(t);
    socket.write(frame([0x03, 0xe8], { opcode: CLOSE }));
    const reply = await inbox.next('the close');
    assert.equal(reply.opcode, CLOSE);
    assert.equal(reply.payload.readUInt16BE(0), 1000);
    await within(closed, 'the end');
  });

  const violations = [
    ['an unmasked frame', frame(PING, { masked: false }), 1002],
    ['a reserved bit', frame(PING, { rsv: 4 }), 1002],
    ['an unknown opcode', frame(PING, { opcode: 3 }), 1002],
    ['a continuation of nothing', frame(PING, { opcode: 0 }), 1002],
    ['a control frame in pieces', frame('x', { opcode: CONTROL_PING, fin: false }), 1002],
    ['a control frame too long', frame('x'.repeat(126), { opcode: CONTROL_PING }), 1002],
    ['a second message inside of one', Buffer.concat([frame('{', { fin: false }), frame(PING)]), 1002],
    ['a length of exabytes', Buffer.from([0x81, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0]), 1009],
    ['pieces that add up to too much', Buffer.concat([
      frame('x'.repeat(60_000), { fin: false }), frame('x'.repeat(60_000), { opcode: 0, fin: false }), frame('x'.repeat(60_000), { opcode: 0 }),
    ]), 1009],
  ];
  for (const [name, bytes, code] of violations) {
    test(`${name} ends that connection with ${code} and no other`, async (t) => {
      const { socket, inbox, closed } = await greeted(t);
      const other = await Wire.connect(t, server);
      socket.write(bytes);
      const reply = await inbox.next('the close');
      assert.equal(reply.opcode, CLOSE);
      assert.equal(reply.payload.readUInt16BE(0), code);
      await within(closed, 'the end');
      await other.quiet();
    });
  }

  test('a thousand channels on one connection are fine, one more is refused', { skip: tooMany }, async (t) => {
    const wire = await Wire.connect(t, server);
    for (let number = 0; number < 1_000; number++) wire.ask(`many-${number}`);
    for (let number = 0; number < 1_000; number++) {
      assert.equal((await wire.next()).event, 'pusher_internal:subscription_succeeded');
    }
    wire.ask('one-too-many');
    assert.match((await wire.until('pusher:error')).data.message, /1,?000/);
    await wire.until('pusher:subscription_error');
    await wire.quiet();
  });
});
