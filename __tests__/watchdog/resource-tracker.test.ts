import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ignoresSignals, isRunning, waitUntil, waitUntilGone } from '../helpers/processes.ts';
import { compileHost, compileProgram, type Host, hostFolder, startHost } from './hosts.ts';

const { folder, remove } = hostFolder();
let temporary: string;
beforeAll(() => {
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  compileProgram(folder, 'resource-tracker');
  temporary = mkdtempSync(join(tmpdir(), 'loky-resources-'));
});
afterAll(() => {
  remove();
  rmSync(temporary, { recursive: true, force: true });
});

/**
 * A host that does what it is told on stdin and says when it did. It counts as the package does, with a registry of
 * its own so that it can tell the pid of each tracker process.
 */
const registryHost = compileHost(
  folder,
  'registry-host',
  `import { createInterface } from 'node:readline';
   import { createResourceRegistry } from './lib/watchdog/resource-registry.ts';
   import { createOrder } from './lib/watchdog/resource-orders.ts';
   const print = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
   const registry = createResourceRegistry({
     onLaunch: (tracker) => print({ tracker }),
     warn: (warning) => print({ warning }),
   });
   createInterface({ input: process.stdin }).on('line', async (line) => {
     const [verb, path, kind] = JSON.parse(line);
     if (verb === 'ended') await registry.ended();
     else if (verb === 'exit') process.exit(path);
     else registry.carryOut(createOrder(verb, path, kind));
     print({ done: verb });
   });`,
);

interface Said {
  tracker?: number;
  warning?: string;
  done?: string;
}

/** Tells the host, and gives what it said until it had done it. */
async function tell(host: Host, ...order: unknown[]): Promise<Said[]> {
  host.child.stdin?.write(`${JSON.stringify(order)}\n`);
  const said: Said[] = [];
  do said.push(await host.next<Said>());
  while (!said.at(-1)?.done);
  return said.slice(0, -1);
}

let count = 0;
function create(kind: 'file' | 'folder'): string {
  const path = join(temporary, `${kind} ${count++}`);
  if (kind === 'file') writeFileSync(path, 'contents');
  else {
    mkdirSync(path);
    writeFileSync(join(path, 'inside'), 'contents');
  }
  return path;
}

const gone = (path: string, ms = 2_000) =>
  waitUntil(
    () => !existsSync(path),
    ms,
    () => `${path} to be removed`,
  );

describe.each(['file', 'folder'] as const)('a %s', (kind) => {
  let host: Host;
  let path: string;
  beforeEach(() => {
    host = startHost(registryHost);
    path = create(kind);
  });

  test('is removed with its last user, and not before', async () => {
    await tell(host, 'register', path, kind);
    expect(await tell(host, 'register', path, kind)).toEqual([]);
    await tell(host, 'maybeUnlink', path, kind);
    await tell(host, 'ended');
    expect(existsSync(path)).toBe(true);
    await tell(host, 'maybeUnlink', path, kind);
    await tell(host, 'ended');
    expect(existsSync(path)).toBe(false);
    host.child.stdin?.end();
    expect(await host.closed).toEqual({ code: 0, signal: null });
    expect(host.stderr()).toBe('');
  });

  test('is forgotten by unregister, however many use it', async () => {
    await tell(host, 'register', path, kind);
    await tell(host, 'register', path, kind);
    await tell(host, 'unregister', path, kind);
    const [{ warning } = {}] = await tell(host, 'maybeUnlink', path, kind);
    expect(warning).toBe(
      `maybeUnlink of a ${kind} that is not registered with the resource tracker of loky: ${path}`,
    );
    host.child.kill('SIGKILL');
    await host.closed;
    expect(existsSync(path)).toBe(true);
    expect(host.stderr()).toBe('');
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'that is left behind by a host ended by %s is removed',
    async (signal) => {
      const removedBefore = create(kind);
      await tell(host, 'register', path, kind);
      await tell(host, 'register', removedBefore, kind);
      rmSync(removedBefore, { recursive: true });
      host.child.kill(signal);
      await gone(path);
      await host.closed;
      expect(host.stderr()).toContain(
        `loky resource tracker: removing 2 leaked ${kind}s that process ${host.pid} had`,
      );
      expect(host.stderr()).toContain(
        `loky resource tracker: ${removedBefore} was removed by somebody else (ENOENT)`,
      );
    },
  );

  test('that is left behind by a host that exits is removed', async () => {
    await tell(host, 'register', path, kind);
    host.child.stdin?.write('["exit", 5]\n');
    expect(await host.closed).toEqual({ code: 5, signal: null });
    expect(existsSync(path)).toBe(false);
    expect(host.stderr()).toContain(`removing 1 leaked ${kind} that`);
  });

  test('that is gone already when its last user lets it go is reported', async () => {
    await tell(host, 'register', path, kind);
    rmSync(path, { recursive: true });
    await tell(host, 'maybeUnlink', path, kind);
    const [{ warning } = {}] = await tell(host, 'ended');
    expect(warning).toMatch(new RegExp(`could not remove a ${kind}: ENOENT: .*${path}`));
    host.child.stdin?.end();
    await host.closed;
  });
});

describe('the tracker process', () => {
  test('starts when it is first needed and ends when nothing is left to watch', async () => {
    const host = startHost(registryHost);
    expect(await tell(host, 'ended')).toEqual([]);
    const path = create('file');
    const [{ tracker } = {}] = await tell(host, 'register', path, 'file');
    expect(isRunning(tracker as number)).toBe(true);
    await tell(host, 'ended');
    expect(isRunning(tracker as number)).toBe(true);
    await tell(host, 'maybeUnlink', path, 'file');
    await waitUntilGone([tracker as number], 5_000);
    host.child.stdin?.end();
    expect((await host.closed).code).toBe(0);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ignores %s', async (signal) => {
    const host = startHost(registryHost);
    const path = create('file');
    const [{ tracker } = {}] = await tell(host, 'register', path, 'file');
    await waitUntil(() => ignoresSignals(tracker as number), 20_000);
    process.kill(tracker as number, signal);
    expect(await tell(host, 'register', create('file'), 'file')).toEqual([]);
    host.child.kill('SIGKILL');
    await gone(path);
    await waitUntilGone([tracker as number], 2_000);
    await host.closed;
  });

  test('starts again with a warning when it dies, and knows everything again', async () => {
    const host = startHost(registryHost);
    const [file, directory] = [create('file'), create('folder')];
    const [{ tracker } = {}] = await tell(host, 'register', file, 'file');
    await tell(host, 'register', directory, 'folder');
    process.kill(tracker as number, 'SIGKILL');
    expect((await host.next<Said>()).warning).toBe(
      'The resource tracker of loky ended unexpectedly (SIGKILL) and is started again now. ' +
        'What is registered stays registered.',
    );
    const { tracker: second } = await host.next<Said>();
    expect(second).not.toBe(tracker);
    host.child.kill('SIGKILL');
    await Promise.all([gone(file), gone(directory)]);
    await waitUntilGone([second as number], 2_000);
    await host.closed;
  });

  test('that only dies is started by the next order at last, and knows everything then', async () => {
    const host = startHost(registryHost);
    const [path, next] = [create('file'), create('file')];
    let [{ tracker } = {}] = await tell(host, 'register', path, 'file');
    let warning: string | undefined;
    // The fourth quick death in a row; on a busy machine one may count as slow.
    for (let deaths = 0; deaths < 12 && !warning?.includes('when it is next used'); deaths++) {
      process.kill(tracker as number, 'SIGKILL');
      ({ warning } = await host.next<Said>());
      if (warning?.includes('started again now')) ({ tracker } = await host.next<Said>());
    }
    expect(warning).toBe(
      'The resource tracker of loky ended unexpectedly (SIGKILL) and is started again when it is next used. ' +
        'What is registered stays registered.',
    );
    const [{ tracker: last } = {}] = await tell(host, 'register', next, 'file');
    expect(isRunning(last as number)).toBe(true);
    host.child.kill('SIGKILL');
    await Promise.all([gone(path), gone(next)]);
    await waitUntilGone([last as number], 2_000);
    await host.closed;
  });

  test('removes files before the folders that hold them, without a complaint', async () => {
    const host = startHost(registryHost);
    const directory = create('folder');
    await tell(host, 'register', directory, 'folder');
    await tell(host, 'register', join(directory, 'inside'), 'file');
    host.child.kill('SIGKILL');
    await gone(directory);
    await host.closed;
    expect(host.stderr().trim().split('\n')).toHaveLength(2);
  });

  test('keeps no host alive', async () => {
    const host = startHost(registryHost);
    const path = create('file');
    await tell(host, 'register', path, 'file');
    host.child.stdin?.end();
    expect(await host.closed).toEqual({ code: 0, signal: null });
    await gone(path);
  });
});
