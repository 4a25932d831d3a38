/**
 * Built-in objects whose whole state can be read and given to a new one: what `Intl` makes, text coders, headers, keys
 * and certificates. Nothing is loaded for an object that is none of them: the name of its class is asked first.
 */
import { types } from 'node:util';
import { nameOf } from '../../system/function-name.ts';
import { malformed } from '../values/bytes.ts';
import { isBuiltinPrototype } from '../values/realm.ts';
import { Refusal } from './refusal.ts';

/** What a row says of such an object: JSON. */
type PublicState = readonly [kind: string, state: unknown];

interface Kind {
  /** Undefined if `value` only resembles one. */
  readonly stateOf: (value: object) => unknown;
  readonly make: (state: never) => object;
  /** Whether the prototype is that of the built-in class, and not of one that extends it. */
  readonly isOwnPrototype: (prototype: object) => boolean;
}

type Options = Record<string, unknown>;
interface Formatter {
  resolvedOptions(): Options & { locale: string };
  format?(value: unknown): string;
}
type FormatterClass = new (locale: string, options?: Options) => Formatter;

/** Each takes some 30 kB: so many in one message are not meant well. */
const MOST_FORMATTERS = 1000;

const SAMPLES: Readonly<Record<string, readonly unknown[]>> = {
  NumberFormat: [0, -1234567.891, 0.5, 12, 1e21],
  DateTimeFormat: [Date.UTC(2024, 1, 3, 16, 5, 9, 78), Date.UTC(1999, 11, 31)],
};
/** Said in another way too, or said of the language and not by the program. */
const NO_OPTIONS = new Set(['locale', 'hour12', 'pluralCategories']);
const FORMATTERS = [
  ...['NumberFormat', 'DateTimeFormat', 'Collator', 'PluralRules', 'RelativeTimeFormat'],
  ...['ListFormat', 'DisplayNames', 'Segmenter', 'DurationFormat'],
];

const formatterClass = (name: string): FormatterClass | undefined =>
  (Intl as unknown as Record<string, FormatterClass | undefined>)[name];

function optionsOf(value: Formatter, name: string): (Options & { locale: string }) | undefined {
  try {
    return formatterClass(name)?.prototype.resolvedOptions.call(value) as Options & { locale: string };
  } catch {
    return undefined;
  }
}

function formatterKind(name: string): Kind {
  return {
    stateOf(value) {
      const resolved = optionsOf(value as Formatter, name);
      if (!resolved) return undefined;
      const options = Object.fromEntries(Object.entries(resolved).filter(([key]) => !NO_OPTIONS.has(key)));
      const state = [resolved.locale, options];
      if (!isSame(value as Formatter, makeFormatter(name, state), name)) {
        const hint = 'make it inside the task';
        throw new Refusal(value, `is an Intl.${name} that does not show all of its options`, hint);
      }
      return state;
    },
    make: (state) => makeFormatter(name, state),
    isOwnPrototype: (prototype) => isBuiltinPrototype(prototype, name, formatterClass(name)),
  };
}

function makeFormatter(name: string, state: unknown): Formatter {
  const [locale, options] = Array.isArray(state) ? (state as unknown[]) : [];
  const Class = formatterClass(name);
  if (!Class || typeof locale !== 'string' || typeof options !== 'object')
    throw malformed('a formatter of an unknown kind');
  return new Class(locale, options as Options);
}

function isSame(one: Formatter, other: Formatter, name: string): boolean {
  if (JSON.stringify(optionsOf(one, name)) !== JSON.stringify(optionsOf(other, name))) return false;
  const { prototype } = formatterClass(name) as FormatterClass;
  const print = (formatter: Formatter, sample: unknown): unknown =>
    (Reflect.get(prototype, 'format', formatter) as (value: unknown) => string)(sample);
  return (SAMPLES[name] ?? []).every((sample) => print(one, sample) === print(other, sample));
}

/** What a global class gives its instances alone. */
const ofGlobal =
  (name: string) =>
  (prototype: object): boolean =>
    isBuiltinPrototype(prototype, name);

function textOf(read: () => unknown): string | undefined {
  try {
    return String(read());
  } catch {
    return undefined;
  }
}

const isInstance = (value: object, name: string): boolean => {
  const cls = (globalThis as Record<string, unknown>)[name];
  return typeof cls === 'function' && value instanceof cls;
};

/** Of these, no byte depends on those before it. */
const SINGLE_BYTES = /^(?:ibm866|iso-8859-\d+(?:-i)?|koi8-[ru]|macintosh|windows-\d+|x-mac-cyrillic)$/;

function stateOfDecoder(value: object): unknown {
  const { encoding, fatal, ignoreBOM } = value as InstanceType<typeof TextDecoder>;
  if (!SINGLE_BYTES.test(encoding) && !isUnused(value, new TextDecoder(encoding, { fatal, ignoreBOM }))) {
    const reason = 'is a TextDecoder that may be in the middle of a text';
    throw new Refusal(value, reason, 'make it inside the task');
  }
  return [encoding, fatal, ignoreBOM];
}

/** Node keeps under symbols what a decoder has begun. What is behind an object there cannot be read. */
function isUnused(value: object, fresh: object): boolean {
  const keys = Object.getOwnPropertySymbols(value);
  const of = (owner: object, key: symbol): unknown => (owner as Record<symbol, unknown>)[key];
  return (
    keys.length === Object.getOwnPropertySymbols(fresh).length &&
    keys.every((key) => of(value, key) === of(fresh, key))
  );
}

const crypto = (): typeof import('node:crypto') => process.getBuiltinModule('node:crypto');

/** In the form that holds everything of its kind. */
const DER = { secret: undefined, public: 'spki', private: 'pkcs8' } as const;

function stateOfKey(value: object): unknown {
  if (!types.isKeyObject(value)) return undefined;
  const type = DER[value.type];
  const bytes =
    type === undefined ? value.export() : (value.export({ type: type as never, format: 'der' }) as Buffer);
  return [value.type, bytes.toString('base64')];
}

function makeKey([type, text]: readonly [keyof typeof DER, string]): object {
  const key = Buffer.from(text, 'base64');
  const { createPrivateKey, createPublicKey, createSecretKey } = crypto();
  if (type === 'secret') return createSecretKey(key);
  if (type === 'public') return createPublicKey({ key, format: 'der', type: 'spki' });
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

const isAlways = (): boolean => true;
const KEY: Kind = { stateOf: stateOfKey, make: makeKey, isOwnPrototype: isAlways };

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ...FORMATTERS.map((name) => [name, formatterKind(name)] as const),
  [
    'Locale',
    {
      stateOf: (value) => textOf(() => Intl.Locale.prototype.toString.call(value)),
      make: (tag: string) => new Intl.Locale(String(tag)),
      isOwnPrototype: (prototype) => isBuiltinPrototype(prototype, 'Locale', Intl.Locale),
    },
  ],
  [
    'TextEncoder',
    {
      stateOf: (value) => (isInstance(value, 'TextEncoder') ? null : undefined),
      make: () => new TextEncoder(),
      isOwnPrototype: ofGlobal('TextEncoder'),
    },
  ],
  [
    'TextDecoder',
    {
      stateOf: (value) => (isInstance(value, 'TextDecoder') ? stateOfDecoder(value) : undefined),
      make: ([encoding, fatal, ignoreBOM]: readonly [string, boolean, boolean]) =>
        new TextDecoder(encoding, { fatal, ignoreBOM }),
      isOwnPrototype: ofGlobal('TextDecoder'),
    },
  ],
  [
    'Headers',
    {
      stateOf: (value) => (isInstance(value, 'Headers') ? [...(value as Headers)] : undefined),
      // By its place: Node loads it when it is first named.
      make: (entries: [string, string][]) => new globalThis.Headers(entries),
      isOwnPrototype: ofGlobal('Headers'),
    },
  ],
  ['SecretKeyObject', KEY],
  ['PublicKeyObject', KEY],
  ['PrivateKeyObject', KEY],
  [
    'X509Certificate',
    {
      stateOf: (value) =>
        value instanceof crypto().X509Certificate ? value.raw.toString('base64') : undefined,
      make: (text: string) => new (crypto().X509Certificate)(Buffer.from(text, 'base64')),
      isOwnPrototype: isAlways,
    },
  ],
]);

/** Undefined if the object is none of them. @throws Refusal if it is one that hides something. */
export function publicStateOf(value: object): PublicState | undefined {
  for (let p = Object.getPrototypeOf(value) as object | null; p; p = Object.getPrototypeOf(p) as object) {
    const cls = Object.getOwnPropertyDescriptor(p, 'constructor')?.value as unknown;
    const name = typeof cls === 'function' ? nameOf(cls) : '';
    const state = KINDS.get(name)?.stateOf(value);
    if (state !== undefined) return [name, state];
  }
  return undefined;
}

export const hasOwnPrototype = ([kind]: PublicState, prototype: object): boolean =>
  KINDS.get(kind)?.isOwnPrototype(prototype) === true;

/** What one message makes of such states. */
export class PublicObjects {
  private formatters = 0;

  /** @throws SerializationError, or any error of the engine, if the state is none. */
  make(data: unknown): object {
    const [name, state] = Array.isArray(data) ? (data as unknown[]) : [];
    const kind = typeof name === 'string' ? KINDS.get(name) : undefined;
    if (!kind) throw malformed(`an object of the unknown kind ${JSON.stringify(name)}`);
    if (FORMATTERS.includes(name as string) && ++this.formatters > MOST_FORMATTERS)
      throw malformed(`more than ${MOST_FORMATTERS} formatters`);
    return kind.make(state as never);
  }
}
