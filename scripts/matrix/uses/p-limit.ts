import { setTimeout as sleep } from 'node:timers/promises';
import pLimit, { limitFunction } from 'p-limit';
import { use } from './use.ts';

const atMostTwo = pLimit(2);
const squareLater = async (n: number): Promise<number> => {
  await sleep(1);
  return n * n;
};
const oneByOne = limitFunction(squareLater, { concurrency: 1 });

export const squares = async (all: number[]): Promise<number[]> => {
  const limit = pLimit(2);
  return Promise.all(all.map((n) => limit(() => squareLater(n))));
};

use('p-limit', 'an exported function', squares, [1, 2, 3]);
use(
  'p-limit',
  'a limit made in the task',
  async (n: number) => {
    const limit = pLimit(1);
    return [await limit(squareLater, n), limit.activeCount, limit.concurrency];
  },
  5,
);
use(
  'p-limit',
  'a captured limit',
  async (all: number[]) => Promise.all(all.map((n) => atMostTwo(() => squareLater(n)))),
  [4, 5, 6],
);
use('p-limit', 'a limited function', async (n: number) => oneByOne(n), 7);
use('p-limit', 'map', async (all: number[]) => pLimit(2).map(all, (n) => squareLater(n)), [1, 2]);
use('p-limit', 'an error', (n: number) => pLimit(n), 0);
