/**
 * Real host processes for tests: a few lines of TypeScript that use lib/, run by a Node of their own, so that
 * a test can kill them. What they print is read line by line.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const banner = `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);`;

/** A host that runs, and what it says. */
export interface Host {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The next line of its stdout, parsed as JSON; rejects when it ends before. */
  next<T = unknown>(): Promise<T>;
  /** What it wrote to stderr so far. */
  stderr(): string;
  /** Resolves when it has ended and its output was read. */
  readonly closed: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** A folder with compiled hosts; `remove()` belongs into `afterAll`. */
export function hostFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'loky-hosts-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Compiles `source` (its imports are relative to the root of the package) and gives the file to run. */
export function compileHost(folder: string, name: string, source: string): string {
  const file = join(folder, `${name}.mjs`);
  const flags = ['--bundle', '--platform=node', '--format=esm', '--target=node20', '--loader=ts'];
  execFileSync(
    join(root, 'node_modules/.bin/esbuild'),
    [...flags, `--banner:js=${banner}`, `--outfile=${file}`, '--log-level=warning'],
    { input: source, cwd: root },
  );
  return file;
}

/** Compiles a program of the package beside the hosts, where they look for it. */
export function compileProgram(folder: string, name: string): void {
  const flags = ['--bundle', '--platform=node', '--format=cjs', '--target=node20', '--log-level=warning'];
  const [source, target] = [join(root, `workers/${name}.ts`), join(folder, `${name}.cjs`)];
  execFileSync(join(root, 'node_modules/.bin/esbuild'), [...flags, source, `--outfile=${target}`], {
    cwd: root,
  });
}

/** Runs a compiled host. */
export function startHost(file: string, env: Record<string, string> = {}): Host {
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    pid: child.pid as number,
    stderr: () => stderr,
    closed: new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal }))),
    async next<T>() {
      const { value, done } = await lines.next();
      if (done) throw new Error(`Expected the host to print a line, but it ended. Its stderr: ${stderr}`);
      return JSON.parse(value) as T;
    },
  };
}
