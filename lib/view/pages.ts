/**
 * The pages that are open: each gets a snapshot, then what changes, as server-sent events. While none is open nothing is
 * collected, but for a short while after the last one has gone, so that a page that is loaded again finds its curves.
 */
import type { ServerResponse } from 'node:http';
import { inRootContext } from '../system/root-context.ts';
import { clearTimeout, setTimeout } from '../system/timers.ts';
import type { Delta, HostInfo, Snapshot } from './aggregate/messages.ts';
import { Collector } from './collector.ts';
import type { ViewSettings } from './options.ts';

/** In milliseconds. */
const LINGER = 10_000;
/** Each costs the host what it is written. */
export const MOST_PAGES = 32;
/** A page that is lost is tried again after so many milliseconds. */
const RETRY = 1_000;

interface Page {
  readonly response: ServerResponse;
  /** It is too slow to take everything: it gets a snapshot when it has caught up. */
  isBehind: boolean;
}

export class Pages {
  readonly #settings: ViewSettings;
  readonly #host: HostInfo;
  /** While a page is open, and a short while after. */
  #collector: Collector | undefined;
  readonly #pages = new Set<Page>();
  #lingering: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(settings: ViewSettings, host: HostInfo) {
    this.#settings = settings;
    this.#host = host;
  }

  /** `false` if there are too many, or the view is closed. */
  open(response: ServerResponse): boolean {
    if (this.#isClosed || this.#pages.size >= MOST_PAGES) return false;
    clearTimeout(this.#lingering);
    this.#collector ??= new Collector(this.#settings, (delta) => this.#broadcast(delta));
    const page: Page = { response, isBehind: false };
    this.#pages.add(page);
    response.once('close', () => this.#left(page));
    response.on('error', () => {}); // 'close' follows
    response.socket?.unref(); // a page that is open keeps no program alive
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    response.write(`retry: ${RETRY}\n\n`);
    this.#writeSnapshot(page, this.#collector);
    return true;
  }

  /** All pages are let go, and nothing is collected any more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#lingering);
    this.#stop();
    for (const { response } of [...this.#pages]) response.end();
    this.#pages.clear();
  }

  #left(page: Page): void {
    this.#pages.delete(page);
    if (this.#pages.size > 0 || this.#isClosed) return;
    this.#lingering = inRootContext(() => setTimeout(() => this.#stop(), LINGER).unref());
  }

  #stop(): void {
    this.#collector?.stop();
    this.#collector = undefined;
  }

  #writeSnapshot(page: Page, collector: Collector): void {
    const snapshot: Snapshot = { ...collector.snapshot(), host: this.#host };
    this.#write(page, `event: snapshot\ndata: ${JSON.stringify(snapshot)}\n\n`);
  }

  #broadcast(delta: Delta): void {
    if (this.#pages.size === 0) return; // it lingers
    const message = `event: delta\ndata: ${JSON.stringify(delta)}\n\n`;
    for (const page of this.#pages) if (!page.isBehind) this.#write(page, message);
  }

  #write(page: Page, message: string): void {
    if (page.response.write(message)) return;
    page.isBehind = true;
    page.response.once('drain', () => {
      page.isBehind = false;
      if (this.#collector !== undefined) this.#writeSnapshot(page, this.#collector);
    });
  }
}
