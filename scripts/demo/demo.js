/**
 * The demo: three acts that show what a backend gets from worker processes. It prints what it measures, in sentences
 * and figures, and draws the same as one page that needs nothing beside it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { findJavaScriptFiles, sizeOf } from './files.js';
import { actOfLosses } from './losses/act.js';
import { linesOfLosses } from './losses/report.js';
import { machine } from './machine.js';
import { readOptions } from './options.js';
import { demoPage } from './page/page.js';
import { actOfServer } from './server/act.js';
import { linesOfServer } from './server/report.js';
import { actOfSpeed } from './speed/act.js';
import { linesOfSpeed } from './speed/report.js';
import { count, megabytes } from './text.js';

const options = readOptions(process.argv.slice(2));
const here = machine();
const files = (await findJavaScriptFiles(options.folder)).slice(0, options.files);
const found = `${count(files.length)} JavaScript files (${megabytes(sizeOf(files))}) in ${relative(process.cwd(), options.folder) || '.'}`;
console.log(`${here.sentence}\n${found}\n`);

const server = await act('1. Your server stays responsive', actOfServer, linesOfServer, {
  searches: options.searches,
  workers: here.workers,
});
const speed = await act('2. The work gets done faster', actOfSpeed, linesOfSpeed, {
  files,
  rounds: options.rounds,
  workers: here.workers,
});
const losses = await act('3. And nothing gets lost', actOfLosses, linesOfLosses, {
  files,
  tasks: options.tasks,
  workers: here.workers,
});

await mkdir(dirname(options.page), { recursive: true });
await writeFile(options.page, demoPage({ machine: here.sentence, found, server, speed, losses }));
console.log(`The same as a page, with curves: ${relative(process.cwd(), options.page)}`);

async function act(title, play, linesOf, input) {
  console.log(title);
  const result = await play(input);
  console.log(`${linesOf(result).join('\n')}\n`);
  return result;
}
