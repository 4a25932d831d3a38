/**
 * Programs that run under a limit of the system: few descriptors, few processes, little memory, a full disk. The
 * limits are set by programs of the system; where one is missing or not allowed, its tests say so and are skipped.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, test } from '@jest/globals';

const PATIENCE = 60_000;
/** A user that runs nothing else: a limit of processes counts all that a user runs. */
const STRANGER = '54321';
const built = fileURLToPath(new URL('../../../dist', import.meta.url));

/** A command that is put before another one and limits it. */
export type Limit = readonly string[];

export const descriptors = (most: number): Limit => ['prlimit', `--nofile=${most}:${most}`];
export const addressSpace = (most: number): Limit => ['prlimit', `--as=${most}:${most}`];
/** Threads count. Only root can become somebody else, and root itself has no such limit. */
export const processes = (most: number): Limit => [
  'setpriv',
  `--reuid=${STRANGER}`,
  `--regid=${STRANGER}`,
  '--clear-groups',
  'prlimit',
  `--nproc=${most}:${most}`,
];
/** Shared memory and the temporary folder of so many bytes and files, seen by the program alone. */
export const smallDisk = (bytes: number, files: number): Limit => {
  const mount = (folder: string) => `mount -t tmpfs -o size=${bytes},nr_inodes=${files} none ${folder}`;
  return ['unshare', '-rm', 'sh', '-c', `${mount('/dev/shm')} && ${mount('"$TMPDIR"')} && exec "$@"`, 'sh'];
};

/** A test that is skipped, and says so, where the limit cannot be set. */
export function testUnder(limit: Limit, name: string, run: () => Promise<void>): void {
  const works = spawnSync(limit[0] as string, [...limit.slice(1), 'true'], {
    env: { ...process.env, TMPDIR: tmpdir() },
  });
  if (works.status === 0) test(name, run, PATIENCE);
  else test.skip(`${name} (skipped: ${limit[0]} is missing or not allowed here)`, run);
}

export interface Ended {
  readonly code: number | null;
  readonly stderr: string;
  /** What the program said, parsed. */
  readonly said: unknown;
}

/** Runs programs in a folder that everybody may read, with a copy of the built package in it. */
export function limitedPrograms(): (limit: Limit, source: string) => Promise<Ended> {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'loky-limited-'));
    chmodSync(folder, 0o755);
    cpSync(built, join(folder, 'dist'), { recursive: true });
    chmodSync(join(folder, 'dist'), 0o755);
    mkdirSync(join(folder, 'temporary'));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'loky', type: 'module' }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (limit, source) => {
    const file = join(folder, 'program.mjs');
    writeFileSync(file, HEAD + source);
    return run([...limit, process.execPath, file], folder);
  };
}

/** `describe` tells of outcomes what can be compared: how many there are of each kind. */
const HEAD = `
import { closeSync, openSync } from 'node:fs';
import { ProcessPoolExecutor } from './dist/index.js';
const warnings = [];
process.on('warning', ({ code }) => warnings.push(code));
const say = (value) => process.stdout.write(JSON.stringify(value));
const count = (outcomes) => {
  const counts = {};
  for (const { status, reason } of outcomes) {
    const kind = status === 'fulfilled' ? 'values' : reason.name;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
};
/** How many Node itself needs differs: all are taken but so many. */
const leaveDescriptors = (free) => {
  const taken = [];
  try {
    for (;;) taken.push(openSync('/dev/null'));
  } catch {}
  for (const descriptor of taken.splice(0, free)) closeSync(descriptor);
  return () => taken.forEach((descriptor) => closeSync(descriptor));
};
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
`;

function run([command, ...args]: readonly string[], cwd: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command as string, args, {
      cwd,
      env: { ...process.env, TMPDIR: join(cwd, 'temporary') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('error', reject).once('close', (code) => {
      resolve({ code, stderr, said: stdout === '' ? undefined : JSON.parse(stdout) });
    });
  });
}
