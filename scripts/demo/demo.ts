/**
 * The demo: measures every JavaScript file under node_modules in worker processes, then once more in this one
 * process to compare. Two of the inputs go wrong on purpose; see measure/bad-inputs.ts.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuCount } from 'loky';
import { describeFile, findJavaScriptFiles, type InputFile } from './find-files.ts';
import { measureInPool } from './measure/in-pool.ts';
import { measureFile } from './measure/measure-file.ts';
import { count, megabytes } from './report/format.ts';
import { createProgressBar, type ProgressBar } from './report/progress-bar.ts';
import { report } from './report/report.ts';
import { sharesOf } from './timeline/shares.ts';
import { timelineSvg } from './timeline/svg.ts';

const PICTURE = 'out/demo-timeline.svg';
const CRASHES = 'inputs/crashes-its-worker.js';
const NEVER_RETURNS = 'inputs/never-returns.js';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));

const found = await findJavaScriptFiles('node_modules');
const crashes = await describeFile(fromHere(CRASHES));
const neverReturns = await describeFile(fromHere(NEVER_RETURNS));
const files = [
  ...among(found, 0, 0.3),
  crashes,
  ...among(found, 0.3, 0.5),
  neverReturns,
  ...among(found, 0.5, 1),
];
const workers = cpuCount();
const [load = 0] = loadavg();
console.log(
  `${count(files.length)} JavaScript files, ${megabytes(sizeOf(files))}; ${workers} worker processes`,
);

const inPool = await withProgress('workers    ', files, (tell) => measureInPool(files, workers, tell));
const failed = new Set(inPool.failures.map(({ path }) => path));
const good = files.filter(({ path }) => !failed.has(path));
const oneProcess = await withProgress('one process', good, async (tell) => measureHere(good, tell));

await mkdir('out', { recursive: true });
await writeFile(PICTURE, timelineSvg(inPool.spans, `${count(files.length)} files, ${workers} workers`));
const shares = sharesOf(inPool.spans, inPool.took, workers);
const timing = { workers, pool: inPool.took, oneProcess, shares, load };
console.log(`\n${report(inPool.measurements, inPool.failures, timing)}`);
console.log(`\nWhat each worker did when: ${PICTURE}`);

/** @returns the milliseconds it took. */
function measureHere(files: readonly InputFile[], tell: (file: InputFile, failed: boolean) => void): number {
  const startedAt = performance.now();
  for (const file of files) {
    measureFile(file.path);
    tell(file, false);
  }
  return performance.now() - startedAt;
}

async function withProgress<T>(
  label: string,
  files: readonly InputFile[],
  work: (tell: (file: InputFile, failed: boolean) => void) => Promise<T>,
): Promise<T> {
  const done = { files: 0, bytes: 0, errors: 0 };
  const bar: ProgressBar = createProgressBar(label, { files: files.length, bytes: sizeOf(files) });
  try {
    return await work((file, failed) => {
      done.files += 1;
      done.bytes += file.bytes;
      if (failed) done.errors += 1;
      bar.update(done);
    });
  } finally {
    bar.end();
  }
}

/** A part of the list, from and to a share of its length. */
function among(files: readonly InputFile[], from: number, to: number): InputFile[] {
  return files.slice(Math.floor(from * files.length), Math.floor(to * files.length));
}

function sizeOf(files: readonly InputFile[]): number {
  return files.reduce((total, { bytes }) => total + bytes, 0);
}

function fromHere(path: string): string {
  return relative(process.cwd(), fileURLToPath(new URL(path, import.meta.url)));
}
