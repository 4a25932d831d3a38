/**
 * Runs each use of a package in the host and in a worker, before the host has run it and after, and reports what
 * became of each. It knows nothing of how it was built, and no test runner.
 */
import { ProcessPoolExecutor, type Reducer, SerializationError } from 'loky';
import { differenceOf } from './compare.ts';
import { type Became, type Report, writeReports } from './report.ts';

/** Milliseconds for one task, on a busy machine too: one that hangs is reported by its name. */
const LIMIT = 120_000;

interface Use {
  readonly of: string;
  readonly name: string;
  readonly fn: (...args: never[]) => unknown;
  readonly args: readonly unknown[];
  readonly jobReducers?: Record<string, Reducer>;
}

type Outcome = { readonly value: unknown } | { readonly error: unknown } | 'hangs';

interface Verdict {
  readonly became: Became;
  readonly reason?: string;
}

/** `MATRIX_USE` limits it to the uses whose name has that in it. */
export async function runUses(uses: readonly Use[]): Promise<void> {
  const only = process.env['MATRIX_USE'];
  const executors = new Map<unknown, ProcessPoolExecutor>();
  const reports: Report[] = [];
  for (const use of uses) {
    if (only !== undefined && !`${use.of}: ${use.name}`.includes(only)) continue;
    const { of, name, jobReducers } = use;
    const executor = executors.get(jobReducers) ?? newExecutor(jobReducers);
    executors.set(jobReducers, executor);
    reports.push({ of, name, ...(await outcomeOf(executor, use)) });
  }
  for (const executor of executors.values()) await executor.shutdown();
  writeReports(reports);
}

/** A use that ends its worker must not fail the uses after it. */
const newExecutor = (jobReducers: Record<string, Reducer> = {}): ProcessPoolExecutor =>
  new ProcessPoolExecutor({ maxWorkers: 1, onWorkerCrash: 'isolate', jobReducers });

/** `MATRIX_ONCE`: not before the host has run it, as a use of a large bundle takes seconds. */
async function outcomeOf(executor: ProcessPoolExecutor, { fn, args }: Use): Promise<Verdict> {
  const submitted = (): Promise<Outcome> =>
    settled(() => executor.submit(fn as (...args: unknown[]) => unknown, ...args));
  const once = process.env['MATRIX_ONCE'] !== undefined;
  const before = once ? undefined : await submitted();
  const here = await settled(() => (fn as (...args: unknown[]) => unknown)(...args));
  if (before === undefined) return verdictOn(here, await submitted());
  const first = verdictOn(here, before);
  if (first.became === 'hangs') return first;
  const second = verdictOn(here, await submitted());
  if (first.became === second.became) return first;
  const worse = RANKS.indexOf(first.became) > RANKS.indexOf(second.became) ? first : second;
  const when = worse === first ? 'before the host has run it' : 'after the host has run it';
  return { ...worse, reason: `${worse.reason ?? ''} (${when} only)` };
}

const RANKS: readonly Became[] = ['same', 'refused', 'failed', 'differs', 'hangs'];

function verdictOn(here: Outcome, there: Outcome): Verdict {
  if (here === 'hangs' || there === 'hangs') return { became: 'hangs' };
  if ('error' in there && isRefusal(there.error)) return { became: 'refused', reason: textOf(there.error) };
  if ('error' in here !== 'error' in there)
    return 'error' in there
      ? { became: hints(there.error) ? 'refused' : 'failed', reason: textOf(there.error) }
      : { became: 'differs', reason: `the host throws ${textOf('error' in here && here.error)}` };
  const difference =
    'error' in here
      ? differenceOf(here.error, (there as { error: unknown }).error)
      : differenceOf(here.value, (there as { value: unknown }).value);
  return difference === undefined ? { became: 'same' } : { became: 'differs', reason: difference };
}

/** A refusal without a way out is a failure. */
const isRefusal = (error: unknown): boolean => error instanceof SerializationError && hints(error);

/** Of an error of the task's own, the stack says it: its message stays as it is. */
const hints = (error: unknown): boolean =>
  /\n\s*hint: \S/.test(`${textOf(error)}\n${error instanceof Error ? error.stack : ''}`);

const textOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

async function settled(run: () => unknown): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Outcome>((resolve) => {
    timer = setTimeout(resolve, LIMIT, 'hangs');
  });
  const outcome = (async (): Promise<Outcome> => {
    try {
      return { value: await run() };
    } catch (error) {
      return { error };
    }
  })();
  try {
    return await Promise.race([outcome, late]);
  } finally {
    clearTimeout(timer);
  }
}
