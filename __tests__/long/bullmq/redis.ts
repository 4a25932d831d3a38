/** A Redis of the tests' own: on a free port of the loopback, with its data in a temporary folder. It knows no queue. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { freePort } from '../../helpers/free-port.ts';

export interface TestRedis {
  readonly port: number;
  readonly connection: { readonly host: string; readonly port: number };
  /** Runs one command, and gives what Redis says. */
  command(...args: string[]): Promise<string>;
  /** Cuts one of its connections, which its client makes again. @returns the name of the client. */
  cutConnection(): Promise<string>;
  /** Ends it; what it has written stays. */
  stop(): Promise<void>;
  /** After `stop`: with the same port and the same data. */
  start(): Promise<void>;
  /** Ends it for good, and removes its data. */
  remove(): Promise<void>;
}

/** `undefined` where there is no Redis to be had: `apt-get install redis-server`. */
export function redisVersion(): string | undefined {
  try {
    return execFileSync('redis-server', ['--version'], { encoding: 'utf8' });
  } catch {
    return undefined;
  }
}

/** @param settings Further options of redis-server, such as `['--requirepass', 'x']`. */
export async function startRedis(settings: readonly string[] = []): Promise<TestRedis> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'loky-redis-'));
  let server: ChildProcess | undefined;
  const common = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', ''];
  const durable = ['--appendonly', 'yes', '--appendfsync', 'everysec'];

  async function start(): Promise<void> {
    const child = spawn('redis-server', [...common, ...durable, ...settings], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    server = child;
    await new Promise<void>((resolve, reject) => {
      createInterface(child.stdout).on('line', (line) => {
        if (line.includes('Ready to accept connections')) resolve();
      });
      child.once('exit', (code) =>
        reject(new Error(`Expected redis-server to run, but it ended with ${code}`)),
      );
    });
  }

  async function stop(): Promise<void> {
    if (server === undefined) return;
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
    server = undefined;
  }

  await start();
  return {
    port,
    connection: { host: '127.0.0.1', port },
    async command(...args) {
      const { stdout } = await promisify(execFile)('redis-cli', ['-p', String(port), ...args]);
      return stdout.trimEnd();
    },
    async cutConnection() {
      const { stdout } = await promisify(execFile)('redis-cli', ['-p', String(port), 'CLIENT', 'LIST']);
      const clients = stdout.split('\n').filter((line) => line !== '' && !line.includes('cmd=client'));
      const client = clients[Math.floor(Math.random() * clients.length)] ?? '';
      const [, id = '0'] = /\bid=(\d+)/.exec(client) ?? [];
      await promisify(execFile)('redis-cli', ['-p', String(port), 'CLIENT', 'KILL', 'ID', id]);
      return /\bname=(\S*)/.exec(client)?.[1] ?? '';
    },
    start,
    stop,
    async remove() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
