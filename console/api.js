// The REST API, and who asks.

export const config = await (await fetch('/console/config.json')).json();

/** Who asks: `{ token, user, workspace }`, or nothing before sign-in. */
export let session;

export function setSession(next) {
  session = next;
}

/** An answer that says no: a sentence, and what is wrong with single fields. */
export class Refused extends Error {
  constructor({ message, fields = [] }, status) {
    super(message);
    this.fields = fields;
    this.status = status;
  }
}

/** Calls a route and answers its JSON. In the demo, a token that ran out is replaced once. */
export async function api(method, path, body, isSecondTry = false) {
  const response = await fetch(path, {
    method,
    headers: {
      ...(session && { authorization: `Bearer ${session.token}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  if (response.ok) return text && JSON.parse(text);
  if (response.status === 401 && config.demo && session && !isSecondTry) {
    await demoSession();
    return api(method, path, body, true);
  }
  throw refusal(response.status, text);
}

function refusal(status, text) {
  try {
    return new Refused(JSON.parse(text).error, status);
  } catch {
    return new Refused({ message: `The server answered with status ${status}.` }, status);
  }
}

/** A query with the workspace in it. */
export function inWorkspace(more = {}) {
  const query = new URLSearchParams(more);
  if (session.workspace) query.set('workspace_id', session.workspace);
  return query;
}

/** Signs in as the demo's user, with a fresh token. */
export async function demoSession() {
  const response = await fetch('/demo/token', { method: 'POST' });
  const text = await response.text();
  if (!response.ok) throw refusal(response.status, text);
  const { token, user_id: user, workspace_id: workspace } = JSON.parse(text);
  session = { token, user, workspace };
}
