import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  descendantsOf,
  isAlive,
  type ProcessEntry,
  parsePs,
  parseStat,
  readProcessTable,
} from '../../lib/watchdog/processes.ts';
import { waitUntil } from '../helpers/processes.ts';

const entry = (pid: number, ppid: number, pgrp = pid, session = pgrp, state = 'S'): ProcessEntry => ({
  pid,
  ppid,
  pgrp,
  session,
  state,
});
const tableOf = (...entries: ProcessEntry[]) => new Map(entries.map((one) => [one.pid, one]));

describe('parseStat', () => {
  test('reads names with spaces, parentheses and line breaks', () => {
    for (const name of ['node', 'a b', '(x) y) S 1 1', 'a\nb', ')']) {
      expect(parseStat(`42 (${name}) R 7 40 39 0 -1 4194304`)).toEqual({
        pid: 42,
        ppid: 7,
        pgrp: 40,
        session: 39,
        state: 'R',
      });
    }
  });

  test('gives nothing for what is no such line', () => {
    for (const line of ['', '42', '42 (node', '42 (node) R', 'x (y) R 1 2 3']) {
      expect(parseStat(line)).toBeUndefined();
    }
  });
});

describe('descendantsOf', () => {
  test('follows parent links, parents first', () => {
    const table = tableOf(entry(13, 12), entry(12, 11), entry(11, 10), entry(10, 1), entry(20, 1));
    expect(descendantsOf(10, table)).toEqual([11, 12, 13]);
  });

  test('finds those that lost their parent by the session or the group that the root leads', () => {
    const table = tableOf(entry(10, 1), entry(11, 1, 10, 10), entry(12, 1, 12, 10), entry(13, 1, 10, 9));
    expect(descendantsOf(10, table).sort()).toEqual([11, 12, 13]);
  });

  test('finds what was orphaned within the session of a descendant', () => {
    const table = tableOf(entry(10, 1), entry(11, 10, 11, 11), entry(12, 1, 12, 11));
    expect(descendantsOf(10, table)).toEqual([11, 12]);
  });

  test('does not count a zombie, but what it leads', () => {
    const table = tableOf(entry(10, 1), entry(11, 10, 11, 11, 'Z'), entry(12, 1, 11, 11));
    expect(descendantsOf(10, table)).toEqual([12]);
  });

  test('works for a root that is not in the table any more', () => {
    expect(descendantsOf(10, tableOf(entry(11, 1, 10, 10), entry(20, 1)))).toEqual([11]);
  });

  test('never names the calling process', () => {
    const table = tableOf(entry(10, 1), entry(process.pid, 10), entry(12, 10));
    expect(descendantsOf(10, table)).toEqual([12]);
  });
});

describe('readProcessTable', () => {
  test('shows a child with its parent, its group and its session', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { detached: true });
    await once(child, 'spawn');
    const pid = child.pid as number;
    expect(readProcessTable()?.get(pid)).toMatchObject({ pid, ppid: process.pid, pgrp: pid, session: pid });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(readProcessTable()?.has(pid)).toBe(false);
  });

  test('shows a child that nobody has waited for as a zombie, which counts as gone', async () => {
    // `exec` makes the parent a program that waits for no child.
    const parent = spawn('/bin/sh', ['-c', 'sleep 100 & echo $!; exec sleep 101'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const zombie = Number(line.toString());
    await waitUntil(() => readFileSync(`/proc/${parent.pid}/cmdline`, 'utf8').startsWith('sleep'), 20_000);
    process.kill(zombie, 'SIGKILL');
    await waitUntil(() => readProcessTable()?.get(zombie)?.state === 'Z', 20_000);
    expect(isAlive(readProcessTable()?.get(zombie) as ProcessEntry)).toBe(false);
    expect(descendantsOf(parent.pid as number, readProcessTable() ?? new Map())).toEqual([]);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
  });

  test('stays whole while processes come and go', async () => {
    const churn = spawn('/bin/sh', ['-c', 'while :; do /bin/true & /bin/true; done'], { detached: true });
    await once(churn, 'spawn');
    for (let round = 0; round < 100; round++) {
      expect(readProcessTable()?.has(process.pid)).toBe(true);
    }
    process.kill(-(churn.pid as number), 'SIGKILL');
    await once(churn, 'exit');
  });

  test('asks ps where there is no /proc, and knows nothing on Windows', () => {
    expect(readProcessTable('darwin')?.get(process.pid)).toMatchObject({ ppid: process.ppid });
    expect(readProcessTable('win32')).toBeUndefined();
  });

  test('gives nothing, and throws nothing, where there is neither', () => {
    const path = process.env.PATH;
    process.env.PATH = '/nonexistent';
    try {
      expect(readProcessTable('darwin')).toBeUndefined();
    } finally {
      process.env.PATH = path;
    }
  });
});

test('parsePs reads columns of any width', () => {
  expect([...parsePs('    1     0     1 Ss\n12345 1 12345 R+\n\n').values()]).toEqual([
    entry(1, 0, 1, 0, 'Ss'),
    entry(12345, 1, 12345, 0, 'R+'),
  ]);
});
