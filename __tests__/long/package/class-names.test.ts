/** The bundle gives every class the name that it has in the documents: users see it in logs and stack traces. */
import { expect, test } from '@jest/globals';
import * as loky from 'loky';
import * as bullmq from 'loky/bullmq';
import * as metrics from 'loky/metrics';
import * as opentelemetry from 'loky/opentelemetry';

test.each(Object.entries({ loky, bullmq, metrics, opentelemetry }))(
  'what %s exports has its own name',
  (_, exported) => {
    const functions = Object.entries(exported).filter(([, value]) => typeof value === 'function');
    expect(functions.map(([, { name }]) => name)).toEqual(functions.map(([name]) => name));
  },
);

test('views have theirs', async () => {
  await using executor = new loky.ProcessPoolExecutor({ maxWorkers: 1 });
  const view = executor.withOptions({ name: 'task' });
  expect([view, view.withOptions({})].map((each) => each.constructor.name)).toEqual(
    Array(2).fill('ExecutorView'),
  );
});
