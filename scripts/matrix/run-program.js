/** Runs one built program under one Node.js and reads its report. It knows not how the program was built. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Milliseconds for a whole program, on a busy machine too; then it is killed. */
const LIMIT = 900_000;
/** Characters of its output that explain a program that gave no report. */
const TAIL = 2_000;

/**
 * @param {string} folder where the program runs and its report goes
 * @param {{ major: number, path: string }} node
 * @param {readonly string[]} args
 * @param {readonly string[]} skips cases that are not to run, `topic: name`
 * @returns {Promise<import('./program/report.ts').Report[]>}
 */
export async function runProgram(folder, node, args, skips) {
  const report = join(folder, `report-${node.major}.json`);
  const { ending, output } = await run(folder, node, args, {
    MATRIX_REPORT: report,
    MATRIX_SKIPS: JSON.stringify(skips),
  });
  const reports = read(report);
  if (ending === undefined && reports.length > 0) return reports;
  const reason = `expected it to report and to end by itself with exit code 0, but it ended with ${ending}\n${output}`;
  return [...reports, { of: 'the program', name: 'it', became: 'failed', reason }];
}

/** `ending` is undefined when all is well. */
async function run(folder, node, args, variables) {
  const environment = { ...process.env, ...variables };
  // They would be of the Node.js, or of the npm script, that runs the matrix.
  for (const name of ['NODE_OPTIONS', 'NODE_ENV']) delete environment[name];
  const child = spawn(node.path, args, {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-TAIL);
    });
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (...how) => resolve(how));
  });
  if (signal !== null) return { ending: `${signal}, for which it has ${LIMIT} ms`, output };
  return { ending: code === 0 ? undefined : `exit code ${code}`, output };
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return [];
  }
}
