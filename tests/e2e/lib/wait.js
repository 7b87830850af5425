// Waiting for events. Every wait has a deadline that says what was waited for; none is a pause.

export const DEADLINE_MS = 20_000;

/** The promise's value, or an error that names `what` after the deadline. */
export async function within(promise, what, ms = DEADLINE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What arrives, in order, to be taken one by one. */
export class Inbox {
  #items = [];
  #waiting = [];
  /** Everything that ever arrived. */
  all = [];

  push(item) {
    this.all.push(item);
    const taker = this.#waiting.shift();
    if (taker) taker(item);
    else this.#items.push(item);
  }

  /** The next one, arrived or to come. */
  async next(what = 'the next message', ms = DEADLINE_MS) {
    if (this.#items.length > 0) return this.#items.shift();
    let taker;
    const arrival = new Promise((resolve) => {
      taker = resolve;
      this.#waiting.push(taker);
    });
    try {
      return await within(arrival, `${what}; so far: ${JSON.stringify(this.all).slice(-600)}`, ms);
    } catch (late) {
      this.#waiting = this.#waiting.filter((it) => it !== taker);
      throw late;
    }
  }

  /** Takes until one fits, and returns all that were taken, the fitting one last. */
  async until(fits, what = 'a message', ms = DEADLINE_MS) {
    const taken = [];
    for (;;) {
      const item = await this.next(what, ms);
      taken.push(item);
      if (fits(item)) return taken;
    }
  }
}
