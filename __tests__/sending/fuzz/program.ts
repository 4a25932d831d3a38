/**
 * Reads changed answers of a worker, one after the other, in a process of its own: `program.mjs SEED FRAMES CORPUS`.
 * Each must give a value or a SerializationError, within limits of time and memory, and without calling anything. The
 * loop does not turn while one is read, so that the time of a frame is the delay of the loop.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FrameReader } from '../../../lib/child/frames.ts';
import { FrameKind } from '../../../lib/child/protocol.ts';
import type { Payload } from '../../../lib/sending/common/payload.ts';
import { numberOf } from '../../../lib/sending/host/known.ts';
import { createSender } from '../../../lib/sending/sender.ts';
import { encodeHeader } from './frames.ts';
import { type Chance, chanceOf, mutate } from './mutate.ts';
import { samplesOf } from './samples.ts';

/** Of this process's time, in milliseconds for each frame and for each kilobyte of it. */
const TIME = 60;
const TIME_OF_KILOBYTE = 0.5;
/** What one frame may take beyond the most that any took so far, in bytes, and for each byte of it. */
const MEMORY = 50e6;
const MEMORY_OF_BYTE = 50;
/** What all may have together beyond the start, in bytes. */
const MEMORY_OF_ALL = 400e6;

const [, , seedText, framesText, corpus = ''] = process.argv;
const seed = Number(seedText);
const frames = Number(framesText);
const chance: Chance = chanceOf(seed);

let called = 0;
class Known {
  x = 1;
  static make(): Known {
    called++;
    return new Known();
  }
  get secret(): number {
    called++;
    return 1;
  }
  set watched(_: unknown) {
    called++;
  }
}
class Lazy {
  // biome-ignore lint/suspicious/noThenProperty: it is what no answer may be
  then(): void {
    called++;
  }
}
const ids = [Known, Lazy, Known.make].map(numberOf);

const sender = createSender();
const samples = await samplesOf(sender, ids);
const kept = readdirSync(corpus).filter((name) => name.endsWith('.json'));

/** Of built-in objects, which an answer must not change. */
const before = fingerprint();
function fingerprint(): string {
  const owners = [Object, Array, Function, Map, Set, Promise, Error, RegExp, Symbol, Known, Lazy];
  const all = owners.flatMap((owner) => [owner, owner.prototype as object]);
  return [globalThis, Math, JSON, console, ...all]
    .map((owner) => Reflect.ownKeys(owner).map(String).join())
    .join('|');
}

function fail(payload: Payload, reason: string): never {
  const { body, views } = payload;
  const found = { body: Buffer.from(body).toString('base64'), views: views.map((view) => view.byteLength) };
  const file = join(corpus, `found-${seed}.json`);
  if (body.length < 100_000) writeFileSync(file, `${JSON.stringify({ reason, ...found })}\n`);
  console.log(
    `seed ${seed}: ${reason} (${body.length} bytes, begins ${Buffer.from(body).toString('hex', 0, 60)}; see ${file})`,
  );
  process.exit(1);
}

function read(payload: Payload): void {
  try {
    const value =
      payload.body[0] === 11 || chance() < 0.05
        ? sender.decodeOutcomes(payload, 3)
        : sender.decodeValue(payload);
    if (isCallable(value)) fail(payload, 'an await would call it');
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code !== 'ERR_SERIALIZATION')
      fail(payload, `it threw ${String(error)}`);
  }
}

function isCallable(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return typeof (value as { then?: unknown }).then === 'function';
}

function cpuOf(payload: Payload): number {
  const { user, system } = process.cpuUsage();
  read(payload);
  const after = process.cpuUsage();
  return (after.user - user + after.system - system) / 1000;
}

const start = process.memoryUsage.rss();
const mostMemory = (): number => process.resourceUsage().maxRSS * 1024;
let slowest = 0;
let largest = 0;
function check(payload: Payload): void {
  const { length } = payload.body;
  const limit = TIME + (TIME_OF_KILOBYTE * length) / 1000;
  const memory = mostMemory();
  const begun = performance.now();
  read(payload);
  const took = performance.now() - begun;
  const grown = mostMemory() - memory;
  largest = Math.max(largest, grown);
  if (grown > MEMORY + MEMORY_OF_BYTE * length) fail(payload, `it took ${Math.round(grown / 1e6)} MB`);
  // What another process or a collection of garbage took does not come again.
  if (took > limit) {
    const least = Math.min(cpuOf(payload), cpuOf(payload), cpuOf(payload));
    slowest = Math.max(slowest, least);
    if (least > limit) fail(payload, `it took ${Math.round(least)} ms`);
  } else slowest = Math.max(slowest, took);
  if (called > 0) fail(payload, 'it called a function of the host');
}

function checkState(payload: Payload): void {
  if (process.memoryUsage.rss() - start > MEMORY_OF_ALL) {
    globalThis.gc?.();
    if (process.memoryUsage.rss() - start > MEMORY_OF_ALL) fail(payload, 'it takes too much memory');
  }
  if (fingerprint() !== before) fail(payload, 'it changed a built-in object');
}

for (const name of kept) {
  const { body, views } = JSON.parse(readFileSync(join(corpus, name), 'utf8')) as {
    body: string;
    views: number[];
  };
  check({ body: Buffer.from(body, 'base64'), views: views.map((length) => Buffer.alloc(length)) });
}

/** Through the channel's reader: changed headers, in chunks of any size. */
function throughFrames(payload: Payload): void {
  const reader = new FrameReader((frame) => check(frame));
  const bytes = Buffer.concat([encodeHeader(FrameKind.value, payload), payload.body, ...payload.views]);
  if (chance() < 0.5) bytes[Math.floor(chance() * Math.min(40, bytes.length))] = Math.floor(chance() * 256);
  const at = Math.floor(chance() * bytes.length);
  try {
    reader.read(bytes.subarray(0, at));
    reader.read(bytes.subarray(at));
  } catch (error) {
    if ((error as Error).name !== 'MalformedFrameError') fail(payload, `the channel threw ${String(error)}`);
  }
}

const pickSample = (): Payload => samples[Math.floor(chance() * samples.length)] as Payload;
for (let frame = 0; frame < frames; frame++) {
  const payload = mutate(pickSample(), pickSample(), chance);
  if (chance() < 0.05) throughFrames(payload);
  else check(payload);
  if (frame % 64 === 0) checkState(payload);
}
await new Promise((resolve) => setTimeout(resolve));
if (called > 0) fail(samples[0] as Payload, 'a function of the host was called later');
console.log(
  `seed ${seed}: ${frames} frames, the slowest took ${slowest.toFixed(1)} ms, the largest ${Math.round(largest / 1e6)} MB`,
);
