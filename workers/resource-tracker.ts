/**
 * The program of the resource tracker's process. It is told on stdin what exists, and removes it when stdin ends,
 * which means that the process which had registered it is gone. It counts nothing and imports nothing of ours.
 */
import { rmSync, unlinkSync, writeSync } from 'node:fs';

type Kind = 'file' | 'folder';

/** Absolute paths, and whether their end is worth a word: nobody but the dead process knew of the ones that are. */
const resources: Record<Kind, Map<string, { leaked: boolean }>> = { file: new Map(), folder: new Map() };
let rest = '';

// It has a session of its own, but `killall node` and a shutdown of the system reach it all the same.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk: string) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop() ?? '';
  lines.forEach(take);
});
process.stdin.on('end', removeAll).on('error', removeAll);

function take(line: string): void {
  if (line === '') return;
  const [verb, kind, path] = JSON.parse(line) as [
    verb: 'keep' | 'release' | 'forget',
    kind: Kind,
    path: string,
  ];
  if (verb === 'forget') resources[kind].delete(path);
  else resources[kind].set(path, { leaked: verb === 'keep' });
}

/** Folders last: they may hold files that were registered, too. */
function removeAll(): void {
  for (const kind of ['file', 'folder'] as const) {
    const leaked = [...resources[kind].values()].filter((resource) => resource.leaked).length;
    if (leaked > 0) {
      const owner = `process ${process.argv[2] ?? '(unknown)'}`;
      say(
        `removing ${leaked} leaked ${kind}${leaked > 1 ? 's' : ''} that ${owner} had registered and left behind`,
      );
    }
    for (const [path, resource] of resources[kind]) remove(kind, path, resource.leaked);
  }
  process.exit();
}

function remove(kind: Kind, path: string, leaked: boolean): void {
  try {
    if (kind === 'file') unlinkSync(path);
    else rmSync(path, { recursive: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const gone = code === 'ENOENT';
    if (gone && !leaked) return;
    say(gone ? `${path} was removed by somebody else (ENOENT)` : `${path} could not be removed: ${message}`);
  }
}

/** Whoever read our stderr may be gone as well. */
function say(text: string): void {
  try {
    writeSync(2, `loky resource tracker: ${text}\n`);
  } catch {}
}
