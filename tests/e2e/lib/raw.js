// A WebSocket made of bytes, for frames that no library would send (RFC 6455, section 5).
import { connect } from 'node:net';
import { once } from 'node:events';
import { APP } from './server.js';
import { Inbox, within } from './wait.js';

/** A client's frame. Masked with zeros unless told otherwise. */
export function frame(payload, { opcode = 1, fin = true, masked = true, rsv = 0 } = {}) {
  const body = Buffer.from(payload);
  const length =
    body.length < 126 ? [body.length] : [126, body.length >> 8, body.length & 0xff];
  length[0] |= masked ? 0x80 : 0;
  return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode, ...length]), Buffer.alloc(masked ? 4 : 0), body]);
}

/** An upgraded socket. Its inbox gets {opcode, payload} of every frame of the server. */
export async function upgraded(t, server, query = 'protocol=7') {
  const socket = connect(server.port, server.host);
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  await within(once(socket, 'connect'), 'connect');
  const inbox = new Inbox();
  let bytes = Buffer.alloc(0);
  let head = true;
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (head) {
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      inbox.push({ status: bytes.subarray(0, end).toString().split('\r\n')[0] });
      bytes = bytes.subarray(end + 4);
      head = false;
    }
    bytes = takeFrames(bytes, inbox);
  });
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.write(
    `GET /app/${APP.key}?${query} HTTP/1.1\r\nhost: ${server.host}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n` +
      'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const { status } = await inbox.next('the upgrade');
  if (!status.includes(' 101 ')) throw new Error(status);
  return { socket, inbox, closed };
}

/** Hands on all whole frames and returns the rest. */
function takeFrames(bytes, inbox) {
  for (;;) {
    if (bytes.length < 2) return bytes;
    const short = bytes[1] & 0x7f;
    const start = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (bytes.length < start) return bytes;
    const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
    if (bytes.length < start + length) return bytes;
    inbox.push({ opcode: bytes[0] & 0x0f, payload: Buffer.from(bytes.subarray(start, start + length)) });
    bytes = bytes.subarray(start + length);
  }
}
