/** What a worker says when it cannot load a module that a task refers to. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { moduleOf } from '../../lib/sending/worker/modules.ts';

const SERVICE = Symbol.for('ts-node.register.instance');
const shown = process as unknown as Record<symbol, unknown>;
const load = (): unknown => moduleOf({ type: 'cjs', specifier: '/nowhere/module.ts', from: null });

describe('a module that cannot be loaded', () => {
  afterEach(() => {
    delete shown[SERVICE];
  });

  test('is named, without a hint where none is known', () => {
    expect(load).toThrow(/^the worker cannot load \/nowhere\/module\.ts: (?!.*hint)/s);
  });

  test('under ts-node without a configuration, the hint says how to name one', () => {
    shown[SERVICE] = { configFilePath: undefined };
    expect(load).toThrow(/\n {2}hint: .*ts-node has found no tsconfig\.json.*--project or TS_NODE_PROJECT$/);
  });

  test('under ts-node with a configuration, there is no such hint', () => {
    shown[SERVICE] = { configFilePath: '/somewhere/tsconfig.json' };
    expect(load).toThrow(/^(?!.*hint)/s);
  });
});
