/** Payloads that are nearly those of a worker: bytes, counts and parts of them are changed by chance. */
import type { Payload } from '../../../lib/sending/common/payload.ts';

export type Chance = () => number;

/** A repeatable source of chance. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Tags of structured clones and of our own forms, and bytes at the edges of numbers. */
const BYTES = [
  ...Buffer.from('AaoC{}$@;:\',^"cSBIUNZRDzyxns\\_-~VurwtmpTF0'),
  0,
  1,
  2,
  8,
  11,
  12,
  13,
  127,
  128,
  254,
  255,
];
/** Counts that are far too large, as varints and in four bytes. */
const COUNTS = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x80, 0x94, 0xeb, 0xdc, 0x03],
  [0x80, 0x80, 0xc0, 0x0e],
  [0xff, 0xff, 0x3f],
  [0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0x00, 0x00, 0x00, 0x01],
];
/** What may stand in the texts of a graph. */
const TEXTS = [
  '4294967295',
  '30000000',
  '-7',
  '-2',
  '1e999',
  '0',
  '1',
  '2',
  '3',
  'null',
  'true',
  '"$"',
  '"Map"',
  '"Set"',
  '"BigInt"',
  '"__proto__"',
  '"then"',
  '"constructor"',
  '"prototype"',
  '"child"',
  '"default"',
  '"object"',
  '"array"',
  '"error"',
  '"binary"',
  '"regexp"',
  '"boxed"',
  '"hook"',
  '"named"',
  '"known"',
  '"global"',
  '"import"',
  '"own"',
  '"symbol"',
  '["global",["Object","prototype"]]',
  '["global",["Promise","prototype"]]',
  '["global",["Object"]]',
  '["known",1]',
  '["symbol","well-known","iterator"]',
  '[]',
  '{}',
  '[0]',
  '[["a",8]]',
  '["then"]',
  '["constructor"]',
];

const pick = <T>(all: readonly T[], chance: Chance): T => all[Math.floor(chance() * all.length)] as T;
const below = (limit: number, chance: Chance): number => Math.floor(chance() * limit);

type Change = (body: Buffer, chance: Chance, other: Buffer) => Buffer;

const replaceBytes: Change = (body, chance) => {
  const changed = Buffer.from(body);
  for (let changes = 1 + below(4, chance); changes > 0 && changed.length > 0; changes--) {
    changed[below(changed.length, chance)] = chance() < 0.5 ? pick(BYTES, chance) : below(256, chance);
  }
  return changed;
};

const insertCount: Change = (body, chance) => {
  const at = below(body.length + 1, chance);
  const dropped = below(6, chance);
  return Buffer.concat([
    body.subarray(0, at),
    Buffer.from(pick(COUNTS, chance)),
    body.subarray(at + dropped),
  ]);
};

/** Levels in levels, or rows by the thousand. */
const repeatPart: Change = (body, chance) => {
  const at = below(body.length, chance);
  const part = body.subarray(at, at + 1 + below(12, chance));
  const times = 2 ** below(13, chance);
  return Buffer.concat([body.subarray(0, at), ...Array<Buffer>(times).fill(part), body.subarray(at)]);
};

const splice: Change = (body, chance, other) =>
  Buffer.concat([
    body.subarray(0, below(body.length + 1, chance)),
    other.subarray(below(other.length + 1, chance)),
  ]);

const cut: Change = (body, chance) => body.subarray(0, below(body.length + 1, chance));

/** A number or a text in JSON becomes another one; the sizes before it are put right. */
const changeText: Change = (body, chance) => {
  if (body.length < 9 || (body[0] !== 6 && body[0] !== 10)) return replaceBytes(body, chance, body);
  const heads = body.readUInt32LE(1);
  const texts = body.readUInt32LE(5);
  if (9 + heads + texts > body.length) return replaceBytes(body, chance, body);
  const parts = [body.toString('utf8', 9, 9 + heads), body.toString('utf8', 9 + heads, 9 + heads + texts)];
  const which = below(2, chance);
  const tokens = (parts[which] as string).split(/("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?)/);
  for (let changes = 1 + below(3, chance); changes > 0 && tokens.length > 1; changes--) {
    const at = 1 + 2 * below((tokens.length - 1) / 2, chance);
    tokens[at] = chance() < 0.4 ? String(below(30, chance)) : pick(TEXTS, chance);
  }
  parts[which] = tokens.join('');
  const [first, second] = parts.map((part) => Buffer.from(part)) as [Buffer, Buffer];
  const sizes = Buffer.alloc(9);
  sizes[0] = body[0] as number;
  sizes.writeUInt32LE(first.length, 1);
  sizes.writeUInt32LE(second.length, 5);
  return Buffer.concat([sizes, first, second, body.subarray(9 + heads + texts)]);
};

const CHANGES: readonly Change[] = [
  replaceBytes,
  replaceBytes,
  insertCount,
  repeatPart,
  splice,
  cut,
  changeText,
  changeText,
  changeText,
];

export function mutate(payload: Payload, other: Payload, chance: Chance): Payload {
  let body = Buffer.from(payload.body);
  for (let changes = 1 + below(3, chance); changes > 0; changes--) {
    body = Buffer.from(pick(CHANGES, chance)(body, chance, Buffer.from(other.body)));
    if (body.length > 1_000_000) body = body.subarray(0, 1_000_000);
  }
  return { body, views: chance() < 0.1 ? other.views : payload.views };
}
