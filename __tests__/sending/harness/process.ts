/** One worker process for the tests of sending, without the pool: prepares, sends, and reads what comes back. */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Definition, Payload } from '../../../lib/sending/common/payload.ts';
import { registerByValue } from '../../../lib/sending/host/by-value.ts';
import { createReceiver } from '../../../lib/sending/receiver.ts';
import { createSender, type Sender, type SenderOptions } from '../../../lib/sending/sender.ts';
import type { Submit } from '../../long/sending/corpus/case.ts';
import { bundle } from './bundle.ts';

export interface Call {
  readonly id: number;
  readonly definitions: readonly Definition[];
  readonly call: Payload;
}

export type Told = Call | { readonly settings: Payload };

interface Answer {
  readonly id: number;
  readonly ok: boolean;
  readonly payload: Payload;
}

export interface Pool {
  readonly submit: Submit;
  readonly sender: Sender;
  stop(): Promise<void>;
}

/** Bundles the worker into a temporary folder; `remove` takes it away again. */
export function buildWorker(): { readonly file: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'loky-sending-'));
  const file = join(folder, 'worker.mjs');
  bundle('worker.ts', file);
  return { file, remove: () => rmSync(folder, { recursive: true }) };
}

export { createReceiver, createSender, registerByValue };

export function startPool(file: string, options: SenderOptions = {}): Pool {
  const sender = createSender(options);
  const child = fork(file, [], { serialization: 'advanced', execArgv: process.execArgv });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  const told = new Set<number>();
  let calls = 0;
  child.send({ settings: sender.settings() });
  child.on('message', (message) => {
    const { id, ok, payload } = message as Answer;
    const future = waiting.get(id);
    waiting.delete(id);
    try {
      const value = sender.decodeValue(payload);
      if (ok) future?.resolve({ value });
      else future?.reject(value);
    } catch (error) {
      future?.reject(error);
    }
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      for (const { reject } of waiting.values()) reject(new Error('the worker process ended'));
      resolve();
    });
  });
  const submit = async (fn: (...args: never[]) => unknown, ...args: unknown[]): Promise<unknown> => {
    const prepared = sender.prepareCall(fn, args);
    const definitions = prepared.definitions.filter(({ id }) => !told.has(id));
    for (const { id } of definitions) told.add(id);
    const id = calls++;
    const answer = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
    child.send({ id, definitions, call: prepared.encode() });
    // In a box: a result with a method `then` would be taken for a promise.
    return ((await answer) as { value: unknown }).value;
  };
  const stop = async (): Promise<void> => {
    child.disconnect();
    await exited;
  };
  return { submit: submit as Submit, sender, stop };
}
