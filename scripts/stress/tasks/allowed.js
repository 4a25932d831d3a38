/** What may become of a task that nothing disturbs: tests of an outcome, `{ value }` or `{ error }`. */

export const value = (expected) => (outcome) => 'value' in outcome && outcome.value === expected;

export const error =
  (...names) =>
  (outcome) =>
    names.includes(outcome.error?.name);

export const length = (expected) => (outcome) => outcome.value?.length === expected;

export const either =
  (...tests) =>
  (outcome) =>
    tests.some((test) => test(outcome));

/** Each task first notes in a file that it runs: the number of its runs is known however its worker ends. */
export function note(file, id) {
  process.getBuiltinModule('node:fs').appendFileSync(file, `${id}\n`);
}
