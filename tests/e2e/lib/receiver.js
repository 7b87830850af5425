// A receiver of webhooks that keeps what came and answers when it is told to.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { Inbox } from './wait.js';

/** Starts one. With `hold`, requests wait in the inbox for their `answer()`. */
export async function startReceiver(t, { hold = false, port = 0 } = {}) {
  const inbox = new Inbox();
  const http = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const answer = (status = 200, text = '') => response.writeHead(status, { 'content-length': Buffer.byteLength(text) }).end(text);
    inbox.push({
      path: request.url,
      id: request.headers['webhook-id'],
      timestamp: request.headers['webhook-timestamp'],
      signature: request.headers['webhook-signature'],
      headers: request.headers,
      body,
      answer,
    });
    if (!hold) answer();
  });
  http.listen(port, '127.0.0.1');
  await once(http, 'listening');
  t.after(() => {
    http.closeAllConnections();
    http.close();
  });
  return { url: `http://127.0.0.1:${http.address().port}/hook`, inbox };
}
