// What the host says it is, and what follows from that. Everything that API Gateway cannot do is told here.
import { setTimeout as pause } from 'node:timers/promises';

const here = process.env;

/** How long a deployed stack may take for what is under way: it has no way to tell. */
const DEPLOYED_MS = 2_000;

/** Whether the suite runs against a host that it did not start. */
export const REMOTE = here.PUSHBRIDGE_URL?.replace(/\/$/, '');

/** What an answer over HTTP says of the host: API Gateway gives each one an id, the emulated one its controls as well. */
async function ask(url) {
  const { headers } = await fetch(`${url}/healthz`);
  return { gateway: headers.has('apigw-requestid'), control: headers.get('x-emulated') };
}

const remote = REMOTE ? await ask(REMOTE) : null;

/** Whether API Gateway and functions answer, or one process. */
export const GATEWAY = remote ? remote.gateway : here.PUSHBRIDGE_FUNCTIONS === 'lambda';

/** For tests that start, kill or reconfigure the process: the reason to skip them elsewhere, or false. */
export const needsProcess = REMOTE ? 'needs control of the process' : false;

/**
 * For tests of what API Gateway does otherwise: the reason to skip them there, or false.
 * `docs/compatibility.md` lists the differences.
 */
export const differs = (how) => GATEWAY && `API Gateway: ${how}`;

/** For tests of so many messages that functions, one invocation for each, take minutes on a small machine: the reason, or false. */
export const tooMany = GATEWAY && 'a thousand invocations take too long here';

/** Where the emulation is controlled, if the host is one. */
export async function controlOf(url) {
  return GATEWAY ? (await ask(url)).control : null;
}

/** Waits until nothing is under way on the host. One process handles each socket's messages in order: nothing to wait for. */
export async function settled({ control }) {
  if (control) await fetch(`${control}/_emulated/settled`, { method: 'POST' });
  else if (GATEWAY) await pause(DEPLOYED_MS);
}

/**
 * The code that a close means. API Gateway closes with 1000 whatever the reason; the code that pusher-js obeys
 * is then the one of the error that came before.
 */
export function meaningOf(code, frames) {
  const error = frames.findLast((it) => it.event === 'pusher:error');
  return GATEWAY && code === 1000 ? (error?.data.code ?? code) : code;
}
