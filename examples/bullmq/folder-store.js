// A store in a folder that submitters and machines can reach, such as a network share.
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export function folderStore(folder) {
  return {
    async put(key, data) {
      const unfinished = join(folder, `${randomUUID()}.unfinished`);
      await writeFile(unfinished, data);
      await rename(unfinished, join(folder, key)); // whole, or not at all
    },
    get: (key) => readFile(join(folder, key)),
    delete: (key) => rm(join(folder, key), { force: true }),
  };
}

/** Call it once a day, with an age greater than that of the oldest job and outcome. */
export async function removeOlderThan(folder, milliseconds) {
  for (const name of await readdir(folder)) {
    const { mtimeMs } = await stat(join(folder, name));
    if (mtimeMs < Date.now() - milliseconds) await rm(join(folder, name), { force: true });
  }
}
