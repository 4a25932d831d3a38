import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ignoresSignals, isRunning, waitUntil, waitUntilGone } from '../helpers/processes.ts';
import { compileHost, compileProgram, type Host, hostFolder, startHost } from './hosts.ts';

const { folder, remove } = hostFolder();
let temporary: string;
beforeAll(() => {
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  compileProgram(folder, 'guardian');
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
   import { Guardian } from './lib/watchdog/guardian.ts';
   import { createOrder } from './lib/watchdog/resource-orders.ts';
   import { createResourceRegistry } from './lib/watchdog/temporary-files.ts';
   const print = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
   const shell = process.env.SHELL_OF_GUARDIAN;
   const guardian = new Guardian({ ...(shell && { shell }), onLaunch: (tracker) => print({ tracker }) });
   const registry = createResourceRegistry(guardian, (warning) => print({ warning }));
   createInterface({ input: process.stdin }).on('line', async (line) => {
     const [verb, path, kind] = JSON.parse(line);
     if (verb === 'ended') await registry.removed().then(() => guardian.ended());
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
        `loky resource tracker: ${removedBefore} was removed by another process (ENOENT)`,
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

describe('the helper process', () => {
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

  test('starts again when it dies, and knows everything again', async () => {
    const host = startHost(registryHost);
    const [file, directory] = [create('file'), create('folder')];
    const [{ tracker } = {}] = await tell(host, 'register', file, 'file');
    await tell(host, 'register', directory, 'folder');
    process.kill(tracker as number, 'SIGKILL');
    const { tracker: second } = await host.next<Said>();
    expect(second).not.toBe(tracker);
    host.child.kill('SIGKILL');
    await Promise.all([gone(file), gone(directory)]);
    await waitUntilGone([second as number], 2_000);
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

  test.each(['/bin/sh', '/nonexistent/sh'])(
    'of %s says no more than somebody may want to read',
    async (shell) => {
      const host = startHost(burstHost, {
        SHELL_OF_GUARDIAN: shell,
        PLACE: temporary,
        KEPT: temporary,
        NAMES: '[]',
        GONE: '150',
      });
      await host.closed;
      const lines = host.stderr().trim().split('\n');
      expect(lines).toHaveLength(101);
      expect(lines.at(-1)).toBe('loky resource tracker: 51 more messages like these');
    },
  );

  test('says what it could not remove', async () => {
    const host = startHost(registryHost);
    const directory = create('folder');
    await tell(host, 'register', directory, 'file');
    host.child.kill('SIGKILL');
    await host.closed;
    expect(host.stderr()).toMatch(new RegExp(`^loky resource tracker: .*${directory}.*directory`, 'm'));
    expect(existsSync(directory)).toBe(true);
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

const burstHost = compileHost(
  folder,
  'burst-host',
  `import { mkdirSync, writeFileSync, writeSync } from 'node:fs';
   import { Guardian } from './lib/watchdog/guardian.ts';
   import { createOrder } from './lib/watchdog/resource-orders.ts';
   import { createResourceRegistry } from './lib/watchdog/temporary-files.ts';
   const { SHELL_OF_GUARDIAN: shell, PLACE, KEPT, NAMES, GONE } = process.env;
   const guardian = new Guardian({ shell, onLaunch: (pid) => writeSync(1, JSON.stringify({ guardian: pid }) + '\\n') });
   const registry = createResourceRegistry(guardian);
   const give = (verb, path, kind) => registry.carryOut(createOrder(verb, path, kind));
   const write = (path) => { writeFileSync(path, ''); give('register', path, 'file'); };
   const many = (folder, count) => Array.from({ length: count }, (_, n) => folder + '/many' + n);
   for (const path of many(KEPT, 100)) { write(path); give('unregister', path, 'file'); }
   for (const name of JSON.parse(NAMES)) {
     write(PLACE + '/f' + name);
     mkdirSync(PLACE + '/d' + name);
     writeFileSync(PLACE + '/d' + name + '/in', '');
     give('register', PLACE + '/d' + name, 'folder');
   }
   if (GONE) for (const path of many('/nonexistent', Number(GONE))) give('register', path, 'file');
   else for (const path of many(PLACE, 1_000)) write(path);
   process.kill(process.pid, 'SIGKILL');`,
);

/** All that a name may consist of. */
const ODD_NAMES = [
  ...new Set([
    ...Array.from({ length: 0x180 }, (_, code) => String.fromCodePoint(code)).filter(
      (name) => !/[\0/.]/.test(name),
    ),
    ...[
      'a\nb',
      '\n',
      '\n\n',
      '\n+',
      'x\nF',
      '-',
      '--',
      '-rf',
      '+',
      '+a',
      ' a ',
      '\t',
      '\\',
      '\\n',
      '$(touch x)',
      '`x`',
      "'",
      '"',
      '*',
      '?',
      '[a]',
      '~',
      '#',
      ';',
      '&',
      '文😀',
    ],
  ]),
];

describe.each(['/bin/sh', '/bin/bash', '/nonexistent'])('with %s as the shell', (target) => {
  test('files and folders of any name, and many of them, are removed after SIGKILL', async () => {
    // A shell is one by the name under which it is started.
    const shell = join(mkdtempSync(join(temporary, 'bin-')), 'sh');
    symlinkSync(target, shell);
    const place = mkdtempSync(join(temporary, 'place-'));
    const kept = mkdtempSync(join(temporary, 'kept-'));
    const host = startHost(burstHost, {
      SHELL_OF_GUARDIAN: shell,
      PLACE: place,
      KEPT: kept,
      NAMES: JSON.stringify(ODD_NAMES),
    });
    const { guardian } = await host.next<{ guardian: number }>();
    expect((await host.closed).signal).toBe('SIGKILL');
    await waitUntilGone([guardian], 20_000);
    expect(readdirSync(place)).toEqual([]);
    expect(readdirSync(kept)).toHaveLength(100);
    const files = ODD_NAMES.length + 1_000;
    expect(host.stderr().trim().split('\n')).toEqual([
      `loky resource tracker: removing ${files} leaked files that process ${host.pid} had registered and left behind`,
      `loky resource tracker: removing ${ODD_NAMES.length} leaked folders that process ${host.pid} had registered and left behind`,
    ]);
  });
});
