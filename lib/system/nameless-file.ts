/** Files that have no name: processes that inherit a descriptor share them, and they are removed with the last of these. */
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** All are open. */
export interface NamelessFile {
  readonly writing: number;
  /** As many as were asked for; each has a place of its own from which it reads. */
  readonly reading: readonly number[];
}

let lastFile = 0;

/**
 * `undefined` where there is no place for such a file.
 *
 * @throws if there is no descriptor left for it now.
 */
export function openNamelessFile(readers: number): NamelessFile | undefined {
  fillStandardStreams();
  return openIn('/dev/shm', readers) ?? openIn(tmpdir(), readers);
}

/** Where this process has closed one, the file would take its place, and what is printed would be written into it. */
function fillStandardStreams(): void {
  try {
    let descriptor = openSync('/dev/null', 'r+');
    while (descriptor <= 2) descriptor = openSync('/dev/null', 'r+');
    closeSync(descriptor);
  } catch {} // no descriptor is left: there will be none for the file either
}

/** The name is removed before another process can see the file. */
function openIn(folder: string, readers: number): NamelessFile | undefined {
  lastFile += 1;
  const path = join(folder, `loky-${process.pid}-${lastFile}-${Math.random().toString(36).slice(2)}`);
  const reading: number[] = [];
  let writing: number | undefined;
  try {
    writing = openSync(path, 'wx', 0o600);
    while (reading.length < readers) reading.push(openSync(path, 'r'));
    return { writing, reading };
  } catch (error) {
    closeAll(writing === undefined ? reading : [writing, ...reading]);
    if (isShortOfDescriptors(error)) throw error;
    return undefined;
  } finally {
    if (writing !== undefined) unlinkSync(path);
  }
}

function isShortOfDescriptors(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EMFILE' || code === 'ENFILE';
}

export function closeAll(descriptors: readonly number[]): void {
  for (const descriptor of descriptors) closeSync(descriptor);
}
