/** The helper process of the resource tracker knows of a file when `register` returns. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { packageUrl, scriptFolder } from '../../executor/host-script.ts';
import { waitUntil } from '../../helpers/processes.ts';

const run = scriptFolder();
const folder = mkdtempSync(join(tmpdir(), 'loky-burst-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(['process.exit(0)', "process.kill(process.pid, 'SIGKILL')"])(
  'all of a burst of files are removed after %s in the same turn',
  async (end) => {
    const files = mkdtempSync(join(folder, 'files-'));
    const { ended } = run(`
      import { writeFileSync } from 'node:fs';
      import { resourceTracker } from ${JSON.stringify(packageUrl)};
      const files = Array.from({ length: 2000 }, (_, index) => ${JSON.stringify(files)} + '/' + index);
      for (const file of files) writeFileSync(file, '');
      for (const file of files) resourceTracker.register(file, 'file');
      ${end};`);
    const { stderr } = await ended; // its stderr is that of the helper process, too
    await waitUntil(() => readdirSync(files).length === 0, 10_000);
    expect(stderr).toContain('removing 2000 leaked files');
  },
  40_000,
);
