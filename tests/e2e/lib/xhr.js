// The HTTP transports of pusher-js as plain requests that show every line as it came.
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { APP } from './server.js';
import { Inbox } from './wait.js';

/** A session as pusher-js would name it, with nothing opened yet. */
export class Session {
  constructor(server, { key = APP.key, origin, query = 'protocol=7&client=js&version=8.6.0' } = {}) {
    this.base = `${server.url}/pusher/app/${key}/7/${randomBytes(4).toString('hex')}`;
    this.headers = { 'content-type': 'application/json', ...(origin ? { origin } : {}) };
    this.query = query;
  }

  /** Fetches with one request, which ends with the test; its inbox gets {line}, and {end} last. */
  async receive(t, action) {
    const stop = new AbortController();
    t.after(() => stop.abort());
    const options = { method: 'POST', headers: this.headers, signal: stop.signal };
    const response = await fetch(`${this.base}/${action}?${this.query}`, options);
    const inbox = new Inbox();
    readLines(response, inbox).catch(() => inbox.push({ end: true }));
    return { response, inbox, stop };
  }

  send(body) {
    const text = typeof body === 'string' ? body : JSON.stringify(body.map((it) => JSON.stringify(it)));
    return fetch(`${this.base}/xhr_send`, { method: 'POST', headers: this.headers, body: text });
  }
}

async function readLines(response, inbox) {
  let rest = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    lines.forEach((line) => inbox.push({ line }));
  }
  inbox.push({ end: true });
}

/** The messages of a line that carries some. */
export const messages = ({ line }) => (line?.startsWith('a') ? JSON.parse(line.slice(1)).map((it) => JSON.parse(it)) : []);

/** A proxy that knows no WebSockets, and passes only those requests on that fit. */
export async function proxy(t, server, passes = () => true) {
  const front = createServer((from, to) => {
    if (!passes(from)) return to.writeHead(404).end();
    const options = { host: server.host, port: server.port, method: from.method, path: from.url, headers: from.headers };
    const back = request(options, (answer) => {
      to.writeHead(answer.statusCode, answer.headers);
      answer.pipe(to);
    });
    back.on('error', () => to.destroy());
    to.on('close', () => back.destroy());
    from.pipe(back);
  });
  front.on('upgrade', (_, socket) => socket.destroy());
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  t.after(() => {
    front.closeAllConnections();
    front.close();
  });
  return { host: '127.0.0.1', port: front.address().port, url: `http://127.0.0.1:${front.address().port}`, tls: false };
}

/** A stream that nobody reads: the request is sent, and that was it. */
export async function unread(t, session) {
  const { hostname, port, pathname } = new URL(`${session.base}/xhr_streaming`);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.pause();
  socket.write(`POST ${pathname}?${session.query} HTTP/1.1\r\nhost: ${hostname}\r\ncontent-length: 0\r\n\r\n`);
  return socket;
}
