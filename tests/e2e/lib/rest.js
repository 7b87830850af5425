// The REST API as a dashboard calls it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

/** Calls a route; answers {status, body, headers}, the body parsed if it is JSON. */
export async function call(server, method, path, { token, body, headers = {}, raw } = {}) {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
    redirect: 'manual',
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return { status: response.status, headers: response.headers, body: isJson && text ? JSON.parse(text) : text };
}

/** Connects a webhook account; answers it with its secret. */
export async function webhookAccount(server, token, url, workspace = 'ws_1') {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const made = await call(server, 'POST', '/api/accounts', {
    token,
    body: { workspace_id: workspace, platform: 'webhook', name: 'Receiver of the test', url, secret },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return { ...made.body, secret };
}

/** Schedules a post; answers it. */
export async function schedule(server, token, accounts, { text = 'Hello', at = new Date(), workspace = 'ws_1' } = {}) {
  const made = await call(server, 'POST', '/api/posts', {
    token,
    body: {
      workspace_id: workspace,
      text,
      accounts: accounts.map((it) => it.id),
      scheduled_at: at.toISOString(),
    },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body;
}
