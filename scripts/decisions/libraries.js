/**
 * What docs/decisions/0009-libraries.md says of pidusage, tree-kill, execa and devalue, measured again on this machine. Linux only.
 *
 *   npm run build && node scripts/decisions/libraries.js
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers/promises';
import pidusage from 'pidusage';

const PROCESSES = 60;
const BRIEF_PROCESSES = 600;
const STARTS = 9;

if (process.platform !== 'linux') throw new Error('This script reads /proc, which only Linux has.');
console.log(await lostDescriptors()); // first: pidusage looks for old entries at the pace of the first `maxage`
console.log(await keptDescriptors());
console.log(killWithoutPs());
for (const line of loadTimes()) console.log(line);

/** pidusage keeps `/proc/<pid>/stat` of each process open, also after the process has ended, until `maxage` is over. */
async function keptDescriptors() {
  const children = Array.from({ length: PROCESSES }, () => spawn('sleep', ['1'], { stdio: 'ignore' }));
  const pids = children.map(({ pid }) => pid);
  const ends = children.map((child) => once(child, 'exit'));
  await pidusage(pids, { maxage: 60_000 });
  await Promise.all(ends);
  return `pidusage: of ${PROCESSES} processes that have ended, it keeps ${openFilesOf(pids)} descriptors`;
}

/**
 * pidusage opens `/proc/<pid>/stat` of each process. When the process ends before the file is read, the descriptor is lost, as
 * for the brief programs that a task starts.
 */
async function lostDescriptors() {
  const shell = spawn('/bin/sh', ['-c', 'while :; do /bin/true; done'], { stdio: 'ignore' });
  const children = `/proc/${shell.pid}/task/${shell.pid}/children`;
  const pids = new Set();
  while (pids.size < BRIEF_PROCESSES) {
    const found = readFileSync(children, 'utf8').split(' ').filter(Boolean).map(Number);
    for (const pid of found) pids.add(pid);
    if (found.length > 0) await pidusage(found, { maxage: 300 }).catch(ignoreEndedProcess);
    else await setImmediate();
  }
  shell.kill('SIGKILL');
  await once(shell, 'exit');
  await setTimeout(2_000); // pidusage closes what it has kept for `maxage`
  return `pidusage: of ${BRIEF_PROCESSES} brief processes, it has lost ${openFilesOf(pids)} descriptors for good`;
}

function ignoreEndedProcess(error) {
  if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
}

function openFilesOf(pids) {
  const files = new Set([...pids].map((pid) => `/proc/${pid}/stat`));
  return readdirSync('/proc/self/fd').filter((fd) => files.has(linkOf(`/proc/self/fd/${fd}`))).length;
}

function linkOf(path) {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // the descriptor with which the folder itself is read
  }
}

/** A process that has no `ps` calls tree-kill, with a callback that takes errors. */
function killWithoutPs() {
  const program = `
const child = require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 2000)']);
require('tree-kill')(child.pid, 'SIGKILL', () => {});
setTimeout(() => console.log('survived'), 500);`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
    encoding: 'utf8',
    env: { PATH: '/nonexistent' },
  });
  const reason = /Error: .*/.exec(stderr)?.[0] ?? '';
  return `tree-kill without ps: ${stdout.includes('survived') ? 'the host survived' : `the host ended with code ${status}: ${reason}`}`;
}

function loadTimes() {
  const imports = ['./dist/index.js', 'execa', 'devalue', 'pidusage', 'tree-kill'];
  return imports.map((name) => {
    const times = Array.from({ length: STARTS }, () => loadTime(name)).sort((a, b) => a - b);
    return `import ${name === './dist/index.js' ? 'loky' : name}: ${times[STARTS >> 1].toFixed(1)} ms`;
  });
}

function loadTime(name) {
  const program = `const start = performance.now(); await import(${JSON.stringify(name)}); console.log(performance.now() - start);`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  return Number(stdout);
}
