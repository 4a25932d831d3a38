import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, describe, expect, test } from '@jest/globals';
import { type KillSystem, killSurvivorsOf, killTree } from '../../lib/watchdog/kill.ts';
import { descendantsOf, readDescendants, readProcessTable } from '../../lib/watchdog/processes.ts';
import { aliveDescendants, isRunning, waitUntil, waitUntilGone } from '../helpers/processes.ts';
import { compileHost, hostFolder, startHost } from './hosts.ts';
import { IDLE, LEAVES_AN_ORPHAN, SAYS_ITS_PID, SPINNING, starts, startTree } from './trees.ts';

const { folder, remove } = hostFolder();
afterAll(remove);

const grandchild = SAYS_ITS_PID + SPINNING;
/** A child, a grandchild in its group and one that leads a session of its own, all spinning. */
const family = SAYS_ITS_PID + starts(grandchild) + starts(grandchild, { detached: true }) + SPINNING;

describe('killTree', () => {
  test('ends a spinning process with its spinning descendants, those with sessions of their own too', async () => {
    const { root, pids, exited } = await startTree(family, 3);
    killTree(root.pid as number);
    await waitUntilGone(pids, 2_000);
    await exited;
    expect(root.signalCode).toBe('SIGKILL');
  });

  test('finds, where all processes are looked at, the descendants that lost their parent and stayed in the session', async () => {
    const { root, pids, exited } = await startTree(SAYS_ITS_PID + LEAVES_AN_ORPHAN + IDLE, 2);
    const [, orphan] = pids as [number, number];
    expect(readProcessTable()?.get(orphan)).toMatchObject({ session: root.pid, pgrp: orphan });
    await waitUntil(() => readProcessTable()?.get(orphan)?.ppid !== root.pid, 20_000);
    const byTable = (pid: number) => descendantsOf(pid, readProcessTable() ?? new Map());
    killTree(root.pid as number, system({ readDescendants: byTable }));
    await waitUntilGone(pids, 2_000);
    await exited;
  });

  test('ends a tree that keeps forking into new sessions while it is ended', async () => {
    const bomb = `const { spawn } = require('node:child_process');
      ${SAYS_ITS_PID}
      (function fork() {
        spawn('sleep', ['2718'], { detached: true, stdio: 'ignore' }).on('spawn', () => setImmediate(fork));
      })();`;
    const { root, exited } = await startTree(bomb, 1);
    await waitUntil(() => aliveDescendants(root.pid).length > 20, 10_000);
    const seen = new Set(aliveDescendants(root.pid).map(({ pid }) => pid));
    killTree(root.pid as number);
    await exited;
    await waitUntilGone([...seen], 2_000);
    const sleeping = aliveDescendants(1).filter(({ cmd }) => cmd === 'sleep 2718');
    expect(sleeping).toEqual([]);
  });

  test('works without ps in PATH', async () => {
    const { root, pids, exited } = await startTree(family, 3);
    const path = process.env.PATH;
    process.env.PATH = '/nonexistent';
    try {
      killTree(root.pid as number);
    } finally {
      process.env.PATH = path;
    }
    await waitUntilGone(pids, 2_000);
    await exited;
  });

  test('ends the tree from an exit handler of the host', async () => {
    const file = compileHost(
      folder,
      'exit-handler',
      `import { spawn } from 'node:child_process';
       import { killTree } from './lib/watchdog/kill.ts';
       const child = spawn(process.execPath, ['-e', ${JSON.stringify(family)}], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
       process.on('exit', () => killTree(child.pid));
       let output = '';
       child.stdout.on('data', (chunk) => {
         output += chunk;
         const pids = output.trim().split('\\n').map(Number);
         if (pids.length === 3) process.stdout.write(JSON.stringify(pids) + '\\n', () => process.exit(7));
       });`,
    );
    const host = startHost(file, { PATH: '/nonexistent' });
    const pids = await host.next<number[]>();
    expect(await host.closed).toEqual({ code: 7, signal: null });
    expect(host.stderr()).toBe('');
    await waitUntilGone(pids, 2_000);
  });

  test('ends the group where no list of processes can be had, and throws nothing', async () => {
    const { root, pids, exited } = await startTree(SAYS_ITS_PID + starts(grandchild) + SPINNING, 2);
    killTree(root.pid as number, system({ readDescendants: () => undefined }));
    await waitUntilGone(pids, 2_000);
    await exited;
  });

  test('does nothing for a process that is gone', () => {
    expect(() => killTree(2 ** 30)).not.toThrow();
  });

  test('sends no signal to the caller, nor to the numbers that stand for whole groups', () => {
    const signalled: number[] = [];
    const recording = system({ kill: (pid) => signalled.push(pid) });
    for (const pid of [process.pid, 1, 0, -1, -process.pid, Number.NaN, 1.5]) {
      killTree(pid, recording);
      killSurvivorsOf(pid, recording);
    }
    expect(signalled).toEqual([]);
  });

  test('leaves Windows to taskkill', () => {
    const ended: number[] = [];
    const signalled: number[] = [];
    const windows = system({
      platform: 'win32',
      kill: (pid) => signalled.push(pid),
      killWindowsTree: (pid) => ended.push(pid),
    });
    killTree(4711, windows);
    killSurvivorsOf(4711, windows);
    expect({ ended, signalled }).toEqual({ ended: [4711], signalled: [] });
  });

  test('survives a system that refuses everything', () => {
    const refuse = () => {
      throw Object.assign(new Error('not permitted'), { code: 'EPERM' });
    };
    expect(() => killTree(4711, system({ kill: refuse }))).not.toThrow();
    expect(() => killTree(4711, system({ platform: 'win32', killWindowsTree: refuse }))).not.toThrow();
  });
});

describe('killSurvivorsOf', () => {
  test('ends what a dead process left in its session', async () => {
    const { pids, exited } = await startTree(SAYS_ITS_PID + starts(grandchild) + IDLE, 2);
    const [pid, survivor] = pids as [number, number];
    process.kill(pid, 'SIGKILL');
    await exited;
    expect(isRunning(survivor)).toBe(true);
    killSurvivorsOf(pid);
    await waitUntilGone([survivor], 2_000);
  });

  test('touches nothing when a process with that number runs', async () => {
    const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    await once(child, 'spawn');
    killSurvivorsOf(child.pid as number);
    expect(isRunning(child.pid as number)).toBe(true);
    const exited = once(child, 'exit');
    killTree(child.pid as number);
    await exited;
  });
});

function system(changes: Partial<KillSystem>): KillSystem {
  return {
    platform: 'linux',
    readDescendants,
    readProcessTable,
    kill: (pid, signal) => process.kill(pid, signal),
    killWindowsTree: () => {},
    ...changes,
  };
}
