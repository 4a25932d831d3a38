/** A Postgres of the tests' own, in a temporary folder, with the schema of BullMQ. It knows no queue. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runMigrations } from 'bullmq';
import pg from 'pg';
import { freePort } from '../../helpers/free-port.ts';

export interface TestPostgres {
  readonly connection: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly database: string;
  };
  query(text: string): Promise<Record<string, unknown>[]>;
  /** Cuts one at random of those that have a name other than the driver's. @returns the name (`application_name`). */
  cutConnection(): Promise<string>;
  /** Ends it at once, as a failover would; what was committed stays. */
  stop(): Promise<void>;
  /** After `stop`: with the same port and the same data. */
  start(): Promise<void>;
  /** Ends it for good, and removes its data. */
  remove(): Promise<void>;
}

const VERSIONS = '/usr/lib/postgresql';

/** Where Debian puts the programs; `undefined` where there are none: `apt-get install postgresql`. */
export function postgresPrograms(): string | undefined {
  if (!existsSync(VERSIONS)) return undefined;
  const [newest] = readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a));
  const folder = newest === undefined ? undefined : join(VERSIONS, newest, 'bin');
  return folder !== undefined && existsSync(join(folder, 'initdb')) ? folder : undefined;
}

/** It refuses to run as root. */
function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const idOf = (option: string): number =>
    Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

export async function startPostgres(): Promise<TestPostgres> {
  const programs = postgresPrograms() as string;
  const folder = mkdtempSync(join(tmpdir(), 'loky-postgres-'));
  const owner = unprivileged();
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid as number);
  const settings = { ...owner, cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C' } };
  const data = join(folder, 'data');
  execFileSync(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'tests', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--no-instructions'],
    { ...settings, stdio: 'pipe' },
  );
  const connection = { host: '127.0.0.1', port: await freePort(), user: 'tests', database: 'postgres' };
  let server: ChildProcess | undefined;

  async function query(text: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client(connection);
    client.on('error', () => {}); // its query rejects
    await client.connect();
    try {
      return (await client.query(text)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  }

  async function start(): Promise<void> {
    const { host, port } = connection;
    const child = spawn(
      join(programs, 'postgres'),
      [
        ...['-D', data, '-h', host, '-p', String(port), '-k', ''],
        ...['-c', 'max_connections=200', '-c', 'shared_buffers=32MB', '-c', 'fsync=off'],
      ],
      { ...settings, stdio: 'ignore' },
    );
    server = child;
    for (;;) {
      if (child.exitCode !== null)
        throw new Error(`Expected postgres to run, but it ended with ${child.exitCode}`);
      const isReady = await query('SELECT 1').then(
        () => true,
        () => false,
      );
      if (isReady) return;
      await sleep(50);
    }
  }

  async function stop(): Promise<void> {
    if (server === undefined) return;
    const ended = once(server, 'exit');
    server.kill('SIGINT'); // its "fast shutdown": it cuts all connections
    await ended;
    server = undefined;
  }

  async function cutConnection(): Promise<string> {
    const [cut] = await query(
      `SELECT application_name AS name, pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE backend_type = 'client backend' AND application_name <> '' ORDER BY random() LIMIT 1`,
    );
    if (cut === undefined) throw new Error('Expected connections that have a name');
    return String(cut['name']);
  }

  await start();
  const client = new pg.Client(connection);
  await client.connect();
  await runMigrations(client);
  await client.end();
  return {
    connection,
    query,
    cutConnection,
    start,
    stop,
    async remove() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
