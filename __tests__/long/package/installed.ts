/** The package as its users get it: packed from the build, installed into an empty folder. It knows no test. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** What `npm pack` says of the package. */
export interface Packed {
  readonly filename: string;
  /** Bytes. */
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** A user's project that has the package. */
export interface Project {
  readonly folder: string;
  readonly packed: Packed;
  /** Writes a file of the project, and gives its path. */
  write(name: string, text: string): string;
  remove(): void;
}

/** Without the scripts of the package: they would build it again, below the feet of other tests. */
export function installPackage(): Project {
  const root = mkdtempSync(join(tmpdir(), 'loky-package-'));
  const remove = (): void => rmSync(root, { recursive: true, force: true });
  try {
    const folder = join(root, 'project');
    mkdirSync(folder);
    const packed = pack(repository, root);
    const { dependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    // The tests need no network: what `loky` depends on comes from the repository's own installation.
    const overrides = Object.keys(dependencies).map((name): [string, string] => {
      const { filename } = pack(join(repository, 'node_modules', name), root);
      return [name, `file:${join(root, filename)}`];
    });
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ private: true, overrides: Object.fromEntries(overrides) }),
    );
    npm(folder, ['install', '--offline', '--no-audit', '--no-fund', join(root, packed.filename)]);
    const write = (name: string, text: string): string => {
      const file = join(folder, name);
      writeFileSync(file, text);
      return file;
    };
    return { folder, packed, write, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function pack(folder: string, destination: string): Packed {
  const [packed] = JSON.parse(
    npm(folder, ['pack', '--json', '--ignore-scripts', '--pack-destination', destination]),
  ) as Packed[];
  if (!packed) throw new Error('Expected `npm pack --json` to name one package, but it names none.');
  return packed;
}

/** What a program said, and how it ended. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Node.js in a folder until it ends. */
export async function runNode(folder: string, args: readonly string[]): Promise<Outcome> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, args, {
    cwd: folder,
    timeout: 110_000,
    env: { NODE_OPTIONS: '' },
    stdin: 'ignore',
    reject: false,
    stripFinalNewline: false,
  });
  return { code: exitCode ?? null, stdout, stderr };
}

/** @returns What npm prints. */
export function npm(folder: string, args: readonly string[]): string {
  return execFileSync('npm', args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
}
