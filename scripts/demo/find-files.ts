/** Finds what the demo measures: every JavaScript file below a folder. It reads no file. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface InputFile {
  readonly path: string;
  readonly bytes: number;
}

/** In the order of their paths. Symbolic links are not followed: their targets are found by themselves. */
export async function findJavaScriptFiles(folder: string): Promise<InputFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && /\.[cm]?js$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Promise.all(paths.map(describeFile));
}

export async function describeFile(path: string): Promise<InputFile> {
  return { path, bytes: (await stat(path)).size };
}
