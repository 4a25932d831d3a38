/** What goes between a processor's task and the host when the task calls a method of its job. */
import type { Readable } from 'node:stream';

/** Called with the arguments that the task gives. */
export const jobMethods = [
  'log',
  'updateData',
  'moveToDelayed',
  'moveToWait',
  'moveToWaitingChildren',
  'getChildrenValues',
  'getIgnoredChildrenFailures',
  'getDependencies',
  'getDependenciesCount',
] as const;
export type JobMethod = (typeof jobMethods)[number];

/** Where a worker finds the host, and with which run of which job. */
export interface CallAddress {
  readonly path: string;
  /** Others of this machine may reach the socket. */
  readonly secret: string;
  readonly run: number;
}

export type WrittenCall = readonly [
  secret: string,
  run: number,
  call: number,
  method: JobMethod,
  args: readonly unknown[],
];

export type WrittenReply =
  | readonly [call: number, isDone: true, value: unknown]
  | readonly [call: number, isDone: false, error: { readonly name: string; readonly message: string }];

export function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) onLine(line);
  });
}
