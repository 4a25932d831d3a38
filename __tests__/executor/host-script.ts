/**
 * Programs of users for tests: a script that imports the built package, run by a Node of its own until it ends.
 * It knows what the script said and how it ended, and nothing of executors.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';

export const packageUrl = new URL('../../dist/index.js', import.meta.url).href;

/** What every script begins with; `say` prints a line that the test can wait for. */
const HEAD = `
import { ProcessPoolExecutor, asCompleted, wait } from ${JSON.stringify(packageUrl)};
import { setTimeout as sleep } from 'node:timers/promises';
const say = (value) => console.log(JSON.stringify(value));
`;

export interface Script {
  readonly child: ChildProcess;
  /** Resolves with the first line of stdout that `matches`, parsed; rejects if the script ends before. */
  line<T>(matches?: (value: unknown) => boolean): Promise<T>;
  readonly ended: Promise<EndedScript>;
}

export interface EndedScript {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  /** What it said, line by line, parsed. */
  readonly said: readonly unknown[];
  /** Milliseconds from its start to its end. */
  readonly took: number;
}

export interface ScriptOptions {
  readonly execArgv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The folder of the scripts of one test file; it is removed after the last test. */
export function scriptFolder(): (source: string, options?: ScriptOptions) => Script {
  const folder = mkdtempSync(join(tmpdir(), 'loky-scripts-'));
  const children = new Set<ChildProcess>();
  let count = 0;
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  return (source, options = {}) => {
    count += 1;
    const file = join(folder, `script-${count}.mjs`);
    writeFileSync(file, HEAD + source);
    const script = start(file, options);
    children.add(script.child);
    script.child.once('exit', () => children.delete(script.child));
    return script;
  };
}

function start(file: string, { execArgv = [], env = {} }: ScriptOptions): Script {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...execArgv, file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: unknown[] = [];
  let [rest, stderr] = ['', ''];
  let onLine = () => {};
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) said.push(JSON.parse(line));
    onLine();
  });
  const ended = new Promise<EndedScript>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal, stderr, said, took: performance.now() - startedAt });
    });
  });
  return {
    child,
    ended,
    line: <T>(matches: (value: unknown) => boolean = () => true) =>
      new Promise<T>((resolve, reject) => {
        onLine = () => {
          const found = said.find(matches);
          if (found !== undefined) resolve(found as T);
        };
        onLine();
        void ended.then((end) =>
          reject(new Error(`the script ended before it said that: ${JSON.stringify(end)}`)),
        );
      }),
  };
}

/** How a script ends that did all that was asked of it, and had nothing to complain of. */
export const WELL = { code: 0, signal: null, stderr: '' } as const;
