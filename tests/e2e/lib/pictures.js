// Somebody's server with pictures. What it serves can change after it was fetched.
import { createServer } from 'node:http';
import { once } from 'node:events';

/** A PNG of one pixel. */
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** Starts one: `pictures` maps paths to bytes, or to functions that answer. */
export async function startPictures(t, pictures = { '/a.png': PNG }) {
  const asked = [];
  const http = createServer((request, response) => {
    asked.push(request.url);
    const found = pictures[request.url];
    if (typeof found === 'function') return found(response);
    response.writeHead(found ? 200 : 404, { 'content-type': 'text/html' }).end(found);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.after(() => {
    http.closeAllConnections();
    http.close();
  });
  return { url: `http://127.0.0.1:${http.address().port}`, pictures, asked };
}
