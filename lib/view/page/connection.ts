/** The stream of events from the host, opened again for as long as the page is there. */
import type { Delta, Snapshot } from '../aggregate/messages.ts';

export type ConnectionState = 'connecting' | 'live' | 'lost' | 'refused';

interface ConnectionListener {
  onSnapshot(snapshot: Snapshot): void;
  onDelta(delta: Delta): void;
  onState(state: ConnectionState): void;
}

/** In milliseconds: without a word for so long, the host is stopped or gone. */
const SILENCE = 5_000;
const RETRY = 1_000;

export function connect(listener: ConnectionListener): void {
  let source: EventSource | undefined;
  let heardAt = performance.now();
  let retry: number | undefined;

  function open(): void {
    retry = undefined;
    source?.close();
    heardAt = performance.now();
    const opened = new EventSource(location.href);
    source = opened;
    const read =
      <T>(take: (message: T) => void) =>
      ({ data }: MessageEvent<string>) => {
        if (source !== opened) return;
        heardAt = performance.now();
        listener.onState('live');
        take(JSON.parse(data) as T);
      };
    opened.addEventListener('snapshot', read<Snapshot>(listener.onSnapshot));
    opened.addEventListener('delta', read<Delta>(listener.onDelta));
    opened.onerror = () => {
      if (source === opened) void failed(opened);
    };
  }

  /** A refusal ends the source, and a lost connection may leave it waiting for longer than a host takes to start. */
  async function failed(opened: EventSource): Promise<void> {
    opened.close();
    listener.onState('lost');
    if (retry !== undefined) return;
    retry = setTimeout(open, RETRY);
    const status = await statusOf();
    if (source === opened && status === 403) listener.onState('refused');
  }

  setInterval(() => {
    if (source !== undefined && retry === undefined && performance.now() - heardAt > SILENCE) {
      if (document.hidden) heardAt = performance.now();
      else void failed(source);
    }
  }, 1_000);
  open();
}

async function statusOf(): Promise<number | undefined> {
  return fetch(location.href, { method: 'HEAD', signal: AbortSignal.timeout(3_000) }).then(
    ({ status }) => status,
    () => undefined,
  );
}
