/**
 * Node's own options of this program, and which of them its workers get. A debugger's port belongs to one process: the
 * options that opened it here stay here, whether they came by command line or by `NODE_OPTIONS`.
 */

/** Options of the host that make no sense in a worker. */
const NOT_FOR_WORKERS =
  /^(?:-e|-p|-c|-i|-pe|--eval|--print|--check|--interactive|--input-type|--inspect|--debug-port|--test|--watch|--run|--experimental-vm-modules)/;
const TAKES_ANY_VALUE = /^(?:-e|-p|-pe|--eval|--print)$/;

/** What workers get of the command line of this program. */
export function hostExecArgv(): string[] {
  return process.execArgv.filter(
    (argument, index, all) =>
      !NOT_FOR_WORKERS.test(dashed(argument)) && !isValueOfLeftOut(argument, all[index - 1]),
  );
}

/** What is no option stands for the value of the option before it. */
function isValueOfLeftOut(argument: string, before = ''): boolean {
  if (TAKES_ANY_VALUE.test(before)) return true;
  return !argument.startsWith('-') && NOT_FOR_WORKERS.test(dashed(before)) && !before.includes('=');
}

/** Node takes `--inspect_brk` for `--inspect-brk`. */
const dashed = (argument: string): string =>
  argument.replace(/^--[^=]*/, (name) => name.replaceAll('_', '-'));

/** An option of the inspector among other words. */
interface InspectorOption {
  readonly index: number;
  /** One word, or two with a value of its own. */
  readonly length: number;
  /** As it was written, without quotes. */
  readonly text: string;
  /** It waits for a debugger. */
  readonly halts: boolean;
  /** `host:port`, or a part of that. */
  readonly address: string | undefined;
}

const INSPECTOR =
  /^--(inspect|inspect-brk|inspect-wait|inspect-brk-node|inspect-port|debug-port|inspect-publish-uid)(?:=(.*))?$/s;
const TAKES_NEXT_WORD = /port$|uid$/;

function inspectorOptions(words: readonly string[]): InspectorOption[] {
  return words.flatMap((word, index) => {
    const [, name, attached] = INSPECTOR.exec(dashed(word)) ?? [];
    if (name === undefined) return [];
    const isLong = attached === undefined && TAKES_NEXT_WORD.test(name);
    const value = isLong ? words[index + 1] : attached;
    const text = words.slice(index, index + (isLong ? 2 : 1)).join(' ');
    const address = name.endsWith('uid') ? undefined : value;
    return [{ index, length: isLong ? 2 : 1, text, halts: /brk|wait/.test(name), address }];
  });
}

/**
 * Options that were given for the workers, without those of the inspector that this program has itself, as in
 * `[...process.execArgv, '--max-old-space-size=512']`.
 */
export function execArgvForWorkers(
  given: readonly string[],
  host: readonly string[] = process.execArgv,
): string[] {
  const ofHost = new Set(inspectorOptions(host).map(({ text }) => text));
  return without(
    given,
    inspectorOptions(given).filter(({ text }) => ofHost.has(text)),
  );
}

/**
 * `NODE_OPTIONS` for a worker: as it is, but for the inspector's options that this program has itself. With port 0 the
 * system chooses a free one for each process, so these stay; none makes a worker wait for a debugger.
 */
export function nodeOptionsForWorkers(given: string, host: string | undefined): string {
  if (host === undefined || !/--(?:inspect|debug.port)/.test(given)) return given;
  const ofHost = inspectorOptions(splitWords(host).map(unquoted));
  const isFree = /(?:^|:)0$/.test(ofHost.findLast(({ address }) => address !== undefined)?.address ?? '');
  const dropped = new Set(ofHost.filter(({ halts }) => halts || !isFree).map(({ text }) => text));
  const words = splitWords(given);
  const options = inspectorOptions(words.map(unquoted)).filter(({ text }) => dropped.has(text));
  return without(words, options).join(' ');
}

function without(words: readonly string[], options: readonly InspectorOption[]): string[] {
  const dropped = new Set(
    options.flatMap(({ index, length }) => (length === 2 ? [index, index + 1] : [index])),
  );
  return words.filter((_, index) => !dropped.has(index));
}

/** Words are parted by spaces outside of double quotes, in which a backslash takes the next character as it is. */
function splitWords(text: string): string[] {
  return text.match(/(?:[^ "]|"(?:[^"\\]|\\.)*"?)+/gs) ?? [];
}

function unquoted(word: string): string {
  return word.replace(/"((?:[^"\\]|\\.)*)"?/gs, (_, inner: string) => inner.replace(/\\(.)/gs, '$1'));
}
