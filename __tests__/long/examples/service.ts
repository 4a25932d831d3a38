/** A service as a process of its own: started until it listens, and watched to its end. It knows no route. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

export interface Service {
  readonly address: string;
  readonly pid: number;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** What it has written, to stdout and to stderr. */
  output(): string;
  /** For the end of a test: nothing to do if it has ended. */
  kill(): Promise<void>;
}

/** The command tsx would run the program in a child of its own. */
const loader = pathToFileURL(createRequire(`${process.cwd()}/package.json`).resolve('tsx')).href;

export async function startService(file: string, env: Record<string, string>): Promise<Service> {
  const args = file.endsWith('.ts') ? ['--import', loader, file] : [file];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, NODE_OPTIONS: '', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  const address = await addressOf(child, () => output);
  return {
    address,
    pid: child.pid as number,
    ended,
    output: () => output,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function addressOf(child: ChildProcess, output: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', () => {
      const address = /^listening on (\S+)$/m.exec(output())?.[1];
      if (address !== undefined) resolve(address);
    });
    child.once('close', () =>
      reject(new Error(`Expected the service to listen, but it ended:\n${output()}`)),
    );
  });
}
