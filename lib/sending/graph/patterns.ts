/** What a RegExp matches, by its internal slots: its class, and it itself, may say something else. */
const getter = (name: string): ((this: RegExp) => unknown) =>
  Object.getOwnPropertyDescriptor(RegExp.prototype, name)?.get as (this: RegExp) => unknown;

const sourceOf = getter('source') as (this: RegExp) => string;

const FLAGS = [
  ['d', getter('hasIndices')],
  ['g', getter('global')],
  ['i', getter('ignoreCase')],
  ['m', getter('multiline')],
  ['s', getter('dotAll')],
  ['u', getter('unicode')],
  ['v', getter('unicodeSets')],
  ['y', getter('sticky')],
] as const;

export function patternOf(value: RegExp): [source: string, flags: string] {
  const flags = FLAGS.filter(([, isSet]) => isSet.call(value) === true).map(([flag]) => flag);
  return [sourceOf.call(value), flags.join('')];
}
