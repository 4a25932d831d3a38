/** Requests to a view as any program could make them, and what its stream says. */
import { type IncomingMessage, request } from 'node:http';
import type { Delta, Snapshot } from '../../lib/view/aggregate/messages.ts';
import { waitUntil } from '../helpers/processes.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

type Headers = Readonly<Record<string, string>>;

export function ask(url: string, headers: Headers = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(url, { headers, method, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
      response.on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}

export interface Stream {
  readonly status: number;
  /** All that came. */
  text(): string;
  snapshots(): Snapshot[];
  deltas(): Delta[];
  /** When each message came, in milliseconds. */
  readonly times: readonly number[];
  readonly ended: Promise<void>;
  until(matches: () => boolean): Promise<void>;
  close(): void;
}

export function openStream(url: string, headers: Headers = {}): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { headers: { accept: 'text/event-stream', ...headers }, agent: false },
      (response) => {
        let text = '';
        const times: number[] = [];
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
          for (let left = chunk.split('event: ').length - 1; left > 0; left -= 1)
            times.push(performance.now());
        });
        response.on('error', () => {}); // 'close' follows
        const read = <T>(event: string): T[] =>
          [...text.matchAll(new RegExp(`^event: ${event}\\ndata: (.*)\\n\\n`, 'gm'))].map(
            ([, data = '']) => JSON.parse(data) as T,
          );
        resolve({
          status: response.statusCode ?? 0,
          text: () => text,
          snapshots: () => read('snapshot'),
          deltas: () => read('delta'),
          times,
          ended: new Promise((done) => response.once('close', () => done())),
          until: (matches) => waitUntil(matches, 20_000),
          close: () => sent.destroy(),
        });
      },
    );
    sent.on('error', reject).end();
  });
}
