/** Finds real files to work on, and shares them out by size. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** To open a file takes about as long as to work on so many bytes of it. */
const BYTES_FOR_OPENING = 4096;

/** @returns Every JavaScript file below `folder`, as `{ path, bytes }`, in an order that is the same each time. */
export async function findJavaScriptFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && /\.[cm]?js$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  return Promise.all(paths.map(async (path) => ({ path, bytes: (await stat(path)).size })));
}

export function sizeOf(files) {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What working on `files` takes, in bytes. */
export function weightOf(files) {
  return sizeOf(files) + files.length * BYTES_FOR_OPENING;
}

/** Groups of files that take about the same time each, the longest first: so that no worker ends long after the others. */
export function chunksBySize(files, chunks) {
  const full = weightOf(files) / chunks;
  const result = [];
  let current = [];
  for (const file of files) {
    const alone = weightOf([file]) >= full;
    if (alone) result.push([file]);
    else current.push(file);
    if (weightOf(current) < full) continue;
    result.push(current);
    current = [];
  }
  if (current.length > 0) result.push(current);
  return result.sort((a, b) => weightOf(b) - weightOf(a));
}

/** Deals chunks out before anybody has begun: each to whoever has the least so far. */
export function fixedShares(chunks, shares) {
  const result = Array.from({ length: shares }, () => ({ weight: 0, chunks: [] }));
  for (const chunk of chunks) {
    const least = result.reduce((a, b) => (b.weight < a.weight ? b : a));
    least.chunks.push(chunk);
    least.weight += weightOf(chunk);
  }
  return result.map(({ chunks }) => chunks);
}
