// What the page knows of posts: the API's answers, kept current by events. Pure but for its own map.

const STATUS_OF = {
  'post:scheduled': 'scheduled',
  'post:publishing': 'publishing',
  'post:published': 'published',
  'post:partially-published': 'partially_published',
  'post:failed': 'failed',
  'post:cancelled': 'cancelled',
};
const EXCERPT_CHARS = 140; // As the events cut it.
const SEEN = 1000; // Events remembered; the same one comes again within seconds.

export class Posts {
  #posts = new Map();
  #gone = new Set();
  #seen = new Set();

  /** Takes the API's word for one post, unless an event told something newer. */
  put(view) {
    if (this.#gone.has(view.id)) return;
    const known = this.#posts.get(view.id);
    if (known && known.version > view.version) return;
    const accounts = view.accounts.map((it) => it.account_id);
    const isNewer = !known || view.version > known.version;
    const deliveries = isNewer ? view.deliveries : merged(known.deliveries, view.deliveries);
    this.#posts.set(view.id, { ...view, accounts, deliveries });
  }

  /** Takes a list that the API gave after a reconnect: what it lacks within its range is gone. */
  replace(views, isWhole) {
    const listed = new Set(views.map((it) => it.id));
    if (isWhole) for (const id of [...this.#posts.keys()]) if (!listed.has(id)) this.#posts.delete(id);
    views.forEach((view) => this.put(view));
  }

  remove(id) {
    this.#gone.add(id);
    this.#posts.delete(id);
  }

  /** Newest due time first; drafts by their creation. */
  all() {
    const time = (post) => post.scheduled_at ?? post.created_at ?? '';
    return [...this.#posts.values()].sort((a, b) => time(b).localeCompare(time(a)) || b.id.localeCompare(a.id));
  }

  get(id) {
    return this.#posts.get(id);
  }

  /**
   * Applies one event. Answers `isNew` (an event comes on several channels and may be told again) and `refetch`,
   * the id of a post of which something was missed.
   */
  apply(name, envelope) {
    const { id: eventId, seq, data } = envelope;
    if (this.#seen.has(eventId)) return { isNew: false };
    this.#seen.add(eventId);
    if (this.#seen.size > SEEN) this.#seen.delete(this.#seen.values().next().value);
    const id = data?.post_id ?? data?.post?.id;
    if (!id) return { isNew: true };
    if (name === 'post:deleted') this.remove(id);
    if (this.#gone.has(id)) return { isNew: true };
    if (name === 'delivery:status-changed') return { isNew: true, refetch: this.#delivery(id, data, seq) };
    return { isNew: true, refetch: this.#post(id, name, data, seq) };
  }

  #post(id, name, data, seq) {
    const known = this.#posts.get(id);
    const version = known?.version ?? 0;
    // Two events of one write have the same number; an older one says nothing new.
    if (seq < version) return undefined;
    const { excerpt, accounts, ...summary } = data.post ?? {};
    if (!known && !data.post) return id;
    const post = { deliveries: [], ...known, ...summary, id, version: seq };
    if (excerpt !== undefined) Object.assign(post, { text: excerpt, accounts });
    if (STATUS_OF[name]) post.status = STATUS_OF[name];
    for (const field of ['scheduled_at', 'progress', 'reason', 'needs_review']) if (field in data) post[field] = data[field];
    if (data.deliveries) post.deliveries = merged(known?.deliveries, data.deliveries);
    this.#posts.set(id, post);
    return seq > version + 1 && known || excerpt?.length >= EXCERPT_CHARS || data.truncated ? id : undefined;
  }

  #delivery(id, data, seq) {
    const post = this.#posts.get(id);
    if (!post) return id;
    const known = post.deliveries.find((it) => it.delivery_id === data.delivery.delivery_id);
    if (known?.seq >= seq) return undefined;
    const deliveries = merged(post.deliveries, [{ ...data.delivery, seq }]);
    this.#posts.set(id, { ...post, deliveries, progress: data.progress });
    return undefined;
  }
}

const TERMINAL = ['published', 'failed', 'unconfirmed'];

// Newer lines win, but never over an end that is already known.
function merged(known = [], fresh = []) {
  const lines = new Map(known.map((it) => [it.delivery_id, it]));
  for (const line of fresh) {
    const old = lines.get(line.delivery_id);
    if (old && TERMINAL.includes(old.status) && !TERMINAL.includes(line.status)) continue;
    lines.set(line.delivery_id, { ...old, ...line });
  }
  return [...lines.values()];
}
