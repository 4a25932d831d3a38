/** What `map` was called with, whatever kind of executor it is. It knows neither functions nor pools. */
import { checkMapOptions, type MapOptions, type SettledMapOptions } from '../options/task-options.ts';
import type { Inputs } from './executor.ts';
import { assertInputs, isInputs } from './map-inputs.ts';

interface MapCall {
  readonly inputs: readonly Inputs<unknown>[];
  readonly chunkSize: number | 'auto';
  readonly options: {
    readonly ordered: boolean;
    readonly settle: boolean;
    readonly timeout: number | undefined;
    readonly onProgress: MapOptions['onProgress'] | undefined;
    readonly bufferSize: number | undefined;
  };
}

/**
 * @param rest All that came after the function: inputs, and options if the last is no input.
 * @throws TypeError, RangeError
 */
export function readMapCall(rest: readonly unknown[]): MapCall {
  const hasOptions = rest.length > 1 && !isInputs(rest.at(-1));
  const options = checkMapOptions(
    (hasOptions ? rest.at(-1) : undefined) as MapOptions | SettledMapOptions | undefined,
  );
  const inputs: readonly unknown[] = hasOptions ? rest.slice(0, -1) : rest;
  assertInputs(inputs);
  const { chunkSize = 1, timeout, ordered = true, settle = false, onProgress, bufferSize } = options;
  return {
    inputs: inputs as readonly Inputs<unknown>[],
    chunkSize,
    options: { ordered, settle, timeout, onProgress, bufferSize },
  };
}
