/**
 * A look at a structured clone before V8 reads it: V8 allocates for each list as many places as the list claims to have,
 * however many of them are inside each other. This walks the tokens once, builds nothing, and knows those alone that
 * `writeClone` writes.
 */
import { malformed } from './bytes.ts';

/** So many places of lists a clone may claim beside one for each of its bytes: holes take none. */
export const MOST_HOLES = 1_000_000;

const OLDEST_VERSION = 13;
const code = (tag: string): number => tag.charCodeAt(0);

/** What follows a tag. */
const NOTHING = 1;
const VARINT = 2;
const TWO_VARINTS = 3;
const EIGHT_BYTES = 4;
const SIZED = 5;
const LIST = 6;
const DIGITS = 7;
const PATTERN = 8;
const VIEW = 9;

const FORMS = formsOf([
  // Padding, hole, undefined, null, true, false, and what begins an object, a Map, a Set or boxes a text.
  [NOTHING, "\0-_0TFo;'yxs"],
  // Integers, references, and what ends an object, a Map or a Set.
  [VARINT, 'IU^{:,'],
  [TWO_VARINTS, '$@'],
  [EIGHT_BYTES, 'NDn'],
  // Texts in three encodings, and an ArrayBuffer.
  [SIZED, '"cSB'],
  [LIST, 'Aa'],
  [DIGITS, 'Zz'],
  [PATTERN, 'R'],
  [VIEW, '\\'],
]);

function formsOf(lists: readonly (readonly [form: number, tags: string])[]): Uint8Array {
  const forms = new Uint8Array(256);
  for (const [form, tags] of lists) for (const tag of tags) forms[code(tag)] = form;
  return forms;
}

const TEXTS: readonly number[] = [code('"'), code('c'), code('S')];

/** @throws SerializationError if the clone claims more than it can hold, or is none of ours. */
export function checkClone(body: Uint8Array): void {
  new CloneCheck(body).run();
}

class CloneCheck {
  private readonly body: Uint8Array;
  private at = 0;
  private places = 0;

  constructor(body: Uint8Array) {
    this.body = body;
  }

  run(): void {
    const { body } = this;
    const { length } = body;
    if (body[0] !== 0xff || !((body[1] ?? 0) >= OLDEST_VERSION)) throw malformed('the header is missing');
    this.at = 2;
    while (this.at < length) this.token();
    if (this.at > length) throw malformed('it ends too early');
    if (this.places > length + MOST_HOLES)
      throw malformed('lists that claim more items than there are bytes');
  }

  private token(): void {
    const tag = this.body[this.at++] as number;
    switch (FORMS[tag]) {
      case NOTHING:
        return;
      case VARINT:
        this.varint();
        return;
      case SIZED:
        this.skip(this.varint());
        return;
      case EIGHT_BYTES:
        this.skip(8);
        return;
      case LIST:
        this.places += this.varint();
        return;
      case TWO_VARINTS:
        this.varint();
        this.varint();
        return;
      case DIGITS:
        // The lowest bit is the sign.
        this.skip(this.varint() >>> 1);
        return;
      case PATTERN:
        this.text();
        this.varint();
        return;
      case VIEW:
        this.view();
        return;
      default:
        throw malformed(`structured data of the unknown kind ${tag}`);
    }
  }

  private text(): void {
    while (this.body[this.at] === 0) this.at++;
    const tag = this.body[this.at++] as number;
    if (!TEXTS.includes(tag)) throw malformed('a pattern without a text');
    this.skip(this.varint());
  }

  /** As `writeClone` writes it: whether it is beside the clone, its kind, and its size or where it is. */
  private view(): void {
    const isBeside = this.varint() !== 0;
    this.varint();
    const size = this.varint();
    if (!isBeside) this.skip(size);
  }

  private skip(bytes: number): void {
    this.at += bytes;
  }

  private varint(): number {
    const { body } = this;
    const first = body[this.at++] as number;
    if (first < 128) return first;
    let value = first & 127;
    for (let scale = 128; scale <= 2 ** 28; scale *= 128) {
      const byte = body[this.at++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw malformed('a number that is too long');
  }
}
