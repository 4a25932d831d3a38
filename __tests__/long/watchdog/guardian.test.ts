import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { Guardian, type GuardianOptions } from '../../../lib/watchdog/guardian.ts';
import { killTree } from '../../../lib/watchdog/kill.ts';
import { birthOf, readProcessTable } from '../../../lib/watchdog/processes.ts';
import { aliveDescendants, isRunning, waitUntil, waitUntilGone } from '../../helpers/processes.ts';
import { compileHost, compileProgram, type Host, hostFolder, startHost } from '../../watchdog/hosts.ts';
import { IDLE, LEAVES_AN_ORPHAN, SAYS_ITS_PID, SPINNING, starts, startTree } from '../../watchdog/trees.ts';

const { folder, remove } = hostFolder();
afterAll(remove);

const grandchild = SAYS_ITS_PID + SPINNING;
/** A worker with a grandchild in its group and one that leads a session of its own, all spinning. */
const family = SAYS_ITS_PID + starts(grandchild) + starts(grandchild, { detached: true }) + SPINNING;
const plainFamily = SAYS_ITS_PID + starts(grandchild) + SPINNING;

/** A host that guards workers, and prints the pid of each guardian and then those of its workers' trees. */
const hostSource = `
  import { spawn } from 'node:child_process';
  import { Guardian } from './lib/watchdog/guardian.ts';
  const { worker, workers = 1, size = 3, shell, exit } = JSON.parse(process.env.HOST);
  const print = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
  const guardian = new Guardian({ ...(shell && { shell }), onLaunch: (pid) => print({ guardian: pid }) });
  let output = '';
  for (let i = 0; i < workers; i++) {
    const child = spawn(process.execPath, ['-e', worker], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    guardian.guard(child.pid);
    child.stdout.on('data', (chunk) => {
      output += chunk;
      const pids = output.trim().split('\\n').map(Number);
      if (pids.length === workers * size) {
        print({ pids });
        if (exit === 'process.exit') process.exit(3);
        if (exit === 'throw') throw new Error('thrown on purpose');
      }
    });
  }`;
const hostFile = compileHost(folder, 'guarding-host', hostSource);
compileProgram(folder, 'guardian');

interface GuardedHost {
  host: Host;
  guardian: number;
  pids: number[];
}

async function startGuardedHost(options: object): Promise<GuardedHost> {
  const host = startHost(hostFile, { HOST: JSON.stringify(options) });
  const { guardian } = await host.next<{ guardian: number }>();
  const { pids } = await host.next<{ pids: number[] }>();
  return { host, guardian, pids };
}

async function killHost({ host, guardian, pids }: GuardedHost, signal: NodeJS.Signals = 'SIGKILL') {
  process.kill(host.pid, signal);
  await waitUntilGone([host.pid, guardian, ...pids], 2_000);
}

describe('a host that dies takes its workers along', () => {
  test.each([
    ['idle', { worker: SAYS_ITS_PID + IDLE, size: 1 }],
    ['spinning', { worker: SAYS_ITS_PID + SPINNING, size: 1 }],
    ['spinning, with a spinning grandchild and one in a session of its own', { worker: family, size: 3 }],
    ['idle, with an orphan that left its group', { worker: SAYS_ITS_PID + LEAVES_AN_ORPHAN + IDLE, size: 2 }],
    ['several, each with its descendants', { worker: plainFamily, workers: 3, size: 2 }],
  ])('killed by SIGKILL, workers %s', async (_, options) => {
    await killHost(await startGuardedHost(options));
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGABRT'] as const)('ended by %s', async (signal) => {
    await killHost(await startGuardedHost({ worker: plainFamily, size: 2 }), signal);
  });

  test.each(['process.exit', 'throw'])('ended by %s', async (exit) => {
    const guarded = await startGuardedHost({ worker: plainFamily, size: 2, exit });
    await guarded.host.closed;
    await waitUntilGone([guarded.guardian, ...guarded.pids], 2_000);
  });

  test('without a shell a Node process does the same', async () => {
    const guarded = await startGuardedHost({ worker: plainFamily, size: 2, shell: '/nonexistent/sh' });
    await killHost(guarded);
  });

  test('with bash as the shell', async () => {
    await killHost(await startGuardedHost({ worker: family, size: 3, shell: '/bin/bash' }));
  });

  test('nested hosts and their workers too', async () => {
    const inner = { worker: plainFamily, size: 2 };
    // A nested host tells its own guardian and its workers in lines of its own; the pids are what counts here.
    const nested = `process.env.HOST = ${JSON.stringify(JSON.stringify(inner))};
      const write = process.stdout.write.bind(process.stdout);
      process.stdout.write = (line) => {
        const { guardian, pids = [guardian] } = JSON.parse(line);
        return write(pids.join('\\n') + '\\n');
      };
      ${SAYS_ITS_PID} import(${JSON.stringify(hostFile)});`;
    const guarded = await startGuardedHost({ worker: nested, size: 4 });
    expect(guarded.pids).toHaveLength(4);
    await killHost(guarded);
  });

  test('without ps or anything else in PATH', async () => {
    const host = startHost(hostFile, {
      PATH: '/nonexistent',
      HOST: JSON.stringify({ worker: family, size: 3 }),
    });
    const { guardian } = await host.next<{ guardian: number }>();
    const { pids } = await host.next<{ pids: number[] }>();
    await killHost({ host, guardian, pids });
    expect(host.stderr()).toBe('');
  });

  test('also when the guardian was killed first', async () => {
    const guarded = await startGuardedHost({ worker: family, size: 3 });
    process.kill(guarded.guardian, 'SIGKILL');
    const { guardian } = await guarded.host.next<{ guardian: number }>();
    expect(guardian).not.toBe(guarded.guardian);
    await killHost({ ...guarded, guardian });
  });

  test('also when the signals that ask politely were sent to the guardian before', async () => {
    const guarded = await startGuardedHost({ worker: plainFamily, size: 2 });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(guarded.guardian, signal);
    expect(isRunning(guarded.guardian)).toBe(true);
    await killHost(guarded);
  });
});

describe('a guardian in this process', () => {
  let launched: number[] = [];
  let guardian: Guardian;
  const start = (options: GuardianOptions = {}) => {
    launched = [];
    guardian = new Guardian({ ...options, onLaunch: (pid) => launched.push(pid) });
  };
  const processes = () =>
    aliveDescendants().filter(({ cmd }) => cmd.includes('loky guardian') || cmd.includes('guardian.cjs'));

  afterEach(() => guardian.ended());

  test('starts when it is first needed, serves all and ends with the last', async () => {
    start();
    expect(processes()).toEqual([]);
    const [one, two] = [await startTree(grandchild, 1), await startTree(grandchild, 1)];
    guardian.guard(one.root.pid as number);
    guardian.guard(two.root.pid as number);
    expect(launched).toHaveLength(1);
    for (const { root, exited } of [one, two]) {
      killTree(root.pid as number);
      await exited;
      guardian.unguard(root.pid as number);
    }
    await waitUntilGone(launched, 10_000);
  });

  test('leaves what is not registered any more alone', async () => {
    start();
    const trees = await Promise.all([1, 2, 3].map(() => startTree(SAYS_ITS_PID + IDLE, 1)));
    for (const { root } of trees) guardian.guard(root.pid as number);
    for (const { root } of trees) guardian.unguard(root.pid as number);
    await guardian.ended();
    expect(trees.every(({ root }) => isRunning(root.pid as number))).toBe(true);
    for (const { root, exited } of trees) {
      killTree(root.pid as number);
      await exited;
    }
  });

  test('stays when one worker is replaced by another', async () => {
    start();
    guardian.guard(2 ** 30);
    guardian.unguard(2 ** 30);
    guardian.guard(2 ** 30 + 1);
    expect(launched).toHaveLength(1);
    await guardian.ended();
    expect(isRunning(launched[0] as number)).toBe(true);
    guardian.unguard(2 ** 30 + 1);
    await guardian.ended();
    expect(isRunning(launched[0] as number)).toBe(false);
  });

  describe.each(['/bin/sh', '/bin/bash', '/nonexistent/sh'])('with %s as the shell', (shell) => {
    const mark = () => randomUUID();
    /** Starts a process that leads a session of its own, with nothing in its environment but what is said. */
    const stranger = (env: Record<string, string> = {}) => {
      const child = spawn('/bin/sleep', ['2718'], { detached: true, stdio: 'ignore', env });
      strangers.push(child);
      return child.pid as number;
    };
    const strangers: ChildProcess[] = [];
    afterEach(async () => {
      for (const child of strangers.splice(0)) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    });

    test('ends what those who have gone left behind, and nobody else', async () => {
      start({ shell });
      const [own, other] = [mark(), mark()];
      const { root, pids, exited } = await startTree(
        SAYS_ITS_PID + starts(grandchild) + LEAVES_AN_ORPHAN + IDLE,
        3,
      );
      const pid = root.pid as number;
      guardian.guard(pid, own);
      const known = stranger();
      const renumbered = stranger();
      const marked = stranger({ LOKY_WORKER_MARK: own });
      const unknown = [
        stranger(),
        stranger({ LOKY_WORKER_MARK: other }),
        stranger({ X: `LOKY_WORKER_MARK=${own}` }),
      ];
      root.kill('SIGKILL');
      await exited;
      guardian.unguard(
        pid,
        new Map([
          [known, birthOf(known) as string],
          [renumbered, '1'],
        ]),
      );
      await guardian.ended();
      await waitUntilGone([...pids, known, marked], 2_000);
      expect([renumbered, ...unknown].filter((one) => !isRunning(one))).toEqual([]);
      await waitUntilGone(launched, 2_000);
    });
  });

  test('touches no session of a process that has got the number of one that is gone', async () => {
    start();
    const { root, pids, exited } = await startTree(SAYS_ITS_PID + starts(grandchild) + IDLE, 2);
    guardian.guard(root.pid as number);
    guardian.unguard(root.pid as number);
    await guardian.ended();
    expect(pids.every(isRunning)).toBe(true);
    killTree(root.pid as number);
    await exited;
  });

  test('knows again what is left to end when it dies before it has ended that', async () => {
    start();
    const { root, pids, exited } = await startTree(SAYS_ITS_PID + starts(grandchild) + IDLE, 2);
    guardian.guard(root.pid as number);
    root.kill('SIGKILL');
    await exited;
    process.kill(launched[0] as number, 'SIGSTOP');
    guardian.unguard(root.pid as number);
    process.kill(launched[0] as number, 'SIGKILL');
    await guardian.ended();
    await waitUntilGone(pids, 2_000);
  });

  test('is woken when somebody stops it', async () => {
    start();
    guardian.guard(2 ** 30);
    const state = () => readProcessTable()?.get(launched[0] as number)?.state;
    process.kill(launched[0] as number, 'SIGSTOP');
    await waitUntil(() => state() === 'T', 20_000);
    await waitUntil(() => state() !== 'T', 20_000);
    expect(launched).toHaveLength(1);
    guardian.unguard(2 ** 30);
  });

  test('starts again each time that it dies while it is needed', async () => {
    start();
    guardian.guard(2 ** 30);
    for (let deaths = 1; deaths <= 3; deaths++) {
      process.kill(launched.at(-1) as number, 'SIGKILL');
      await waitUntil(() => launched.length > deaths, 20_000);
    }
    guardian.unguard(2 ** 30);
  });

  test('pauses for a second when it dies again and again, whatever is guarded meanwhile', async () => {
    start();
    guardian.guard(2 ** 30);
    let pause = 0;
    // After the fourth quick death in a row; on a busy machine one may count as slow.
    for (let deaths = 1; pause <= 950 && deaths <= 12; deaths++) {
      const died = performance.now();
      process.kill(launched.at(-1) as number, 'SIGKILL');
      await waitUntil(() => !isRunning(launched.at(-1) as number) || launched.length > deaths, 20_000);
      guardian.guard(2 ** 30 + deaths);
      await waitUntil(() => launched.length > deaths, 20_000);
      pause = performance.now() - died;
    }
    expect(pause).toBeGreaterThan(950);
    expect(isRunning(launched.at(-1) as number)).toBe(true);
    for (let index = 0; index <= 12; index++) guardian.unguard(2 ** 30 + index);
  });

  test.each(['/nonexistent/sh', '/bin/false', '/etc/passwd'])(
    'survives that %s is the shell',
    async (shell) => {
      start({ shell });
      const { root, pids, exited } = await startTree(grandchild, 1);
      guardian.guard(root.pid as number);
      await waitUntil(() => processes().some(({ cmd }) => cmd.includes('guardian.cjs')), 5_000);
      expect(pids.every(isRunning)).toBe(true);
      killTree(root.pid as number);
      await exited;
      guardian.unguard(root.pid as number);
    },
  );

  test('does not let a stopped guardian hold up its end', async () => {
    start();
    guardian.guard(2 ** 30);
    process.kill(launched[0] as number, 'SIGSTOP');
    guardian.unguard(2 ** 30);
    await guardian.ended();
    expect(isRunning(launched[0] as number)).toBe(false);
  });

  test('adds no listener to process', async () => {
    start();
    const count = () => process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`);
    const before = count();
    guardian.guard(2 ** 30);
    expect(count()).toEqual(before);
    guardian.unguard(2 ** 30);
  });

  test.each([0, 1, -1, 1.5, Number.NaN])('refuses to guard %d', (pid) => {
    start();
    expect(() => guardian.guard(pid)).toThrow(
      new RangeError(`Expected the pid of a child process to guard, a whole number above 1, got ${pid}.`),
    );
    expect(launched).toEqual([]);
  });
});

test('a guardian keeps no host alive', async () => {
  const file = compileHost(
    folder,
    'idle-host',
    `import { Guardian } from './lib/watchdog/guardian.ts';
     new Guardian({ onLaunch: (pid) => console.log(pid) }).guard(${2 ** 30});`,
  );
  const host = startHost(file);
  const guardian = await host.next<number>();
  expect(await host.closed).toEqual({ code: 0, signal: null });
  await waitUntilGone([guardian], 2_000);
});
