/**
 * Notes of what is to be removed if this process ends, in a nameless file that the guardian inherits: a note is safe as
 * soon as it was written, whatever the guardian does at that moment, and the writer waits for no reader.
 *
 * The form is one that a shell can read. A line is a letter and a path; lines of a path before its last one begin with
 * `+`; an erased note has `-` for its letter; empty lines mean nothing. A note has a place of a fixed size, which is used
 * again once the note was erased, so that the file is as large as the most notes that there were at once.
 */
import { writeSync } from 'node:fs';
import { closeAll, type NamelessFile, openNamelessFile } from '../system/nameless-file.ts';

/** `F`: a file that is left behind, `D`: such a folder; in small letters: it is being removed already. */
export type NoteLetter = 'F' | 'D' | 'f' | 'd';

/** Its place was written when it was added: to change it can fail no more. */
export interface Note {
  change(letter: NoteLetter): void;
  erase(): void;
}

export interface Notes {
  /** The guardian inherits these descriptors; each can be read to its end once. */
  readonly descriptors: readonly number[];
  readonly size: number;
  /** Returns when the note is written. @throws what `fs.writeSync` throws, a full file system for example. */
  add(letter: NoteLetter, path: string): Note;
  close(): void;
}

/** The guardian reads them to count, to remove files, and to remove folders. */
export const READINGS = 3;
const SMALLEST_PLACE = 64;
const NEWLINE = 0x0a;

/** `undefined` where there is no place for a file, or no descriptor left. */
export function openNotes(): Notes | undefined {
  try {
    const file = openNamelessFile(READINGS);
    return file && notesIn(file);
  } catch {
    return undefined;
  }
}

function notesIn({ writing, reading }: NamelessFile): Notes {
  const freePlaces = new Map<number, number[]>();
  let end = 0;
  let size = 0;

  const write = (bytes: Uint8Array, position: number): void => {
    // A signal may have come after a part of it, and a full file system takes none.
    for (let at = 0; at < bytes.length; )
      at += writeSync(writing, bytes, at, bytes.length - at, position + at);
  };

  function takePlace(length: number): number {
    const place = freePlaces.get(length)?.pop();
    if (place !== undefined) return place;
    end += length;
    return end - length;
  }

  return {
    descriptors: reading,
    get size() {
      return size;
    },
    add(letter, path) {
      const { content, letterAt } = encode(path);
      const position = takePlace(content.length);
      const change = (to: string) => write(Buffer.from(to), position + letterAt);
      const giveBack = () => {
        const places = freePlaces.get(content.length);
        if (places) places.push(position);
        else freePlaces.set(content.length, [position]);
      };
      try {
        // The letter comes last: a process that is killed in between leaves an erased note.
        write(content, position);
        change(letter);
      } catch (error) {
        giveBack();
        throw error;
      }
      size += 1;
      return {
        change,
        erase() {
          size -= 1;
          giveBack();
          change('-');
        },
      };
    },
    close: () => closeAll([writing, ...reading]),
  };
}

/** The content of a place, erased so far. */
export function encode(path: string): { content: Buffer; letterAt: number } {
  const lines = path.split('\n');
  const last = `-${lines.pop()}`;
  const before = lines.map((line) => `+${line}\n`).join('');
  const letterAt = Buffer.byteLength(before);
  const bytes = letterAt + Buffer.byteLength(last) + 1;
  const content = Buffer.alloc(2 ** Math.ceil(Math.log2(Math.max(bytes, SMALLEST_PLACE))), NEWLINE);
  content.write(before + last);
  return { content, letterAt };
}

/** What a reader makes of them. */
export function decodeNotes(text: string): { letter: NoteLetter; path: string }[] {
  const found: { letter: NoteLetter; path: string }[] = [];
  let before = '';
  for (const line of text.split('\n')) {
    const [letter, rest] = [line.charAt(0), line.slice(1)];
    if (letter === '+') before += `${rest}\n`;
    else {
      if (/[FDfd]/.test(letter)) found.push({ letter: letter as NoteLetter, path: before + rest });
      before = '';
    }
  }
  return found;
}
