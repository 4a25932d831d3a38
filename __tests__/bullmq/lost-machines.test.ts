import { expect, test } from '@jest/globals';
import { LostMachines, lostMachineWarning } from '../../lib/bullmq/lost-machines.ts';
import type { MachineReport } from '../../lib/bullmq/server-stats.ts';

const report = (id: string, reportedAt = 1): MachineReport =>
  ({ id, host: 'h', pid: 7, tasks: [], reportedAt }) as unknown as MachineReport;
const running = (...ids: string[]) => new Map(ids.map((id) => [id, 3]));

test('a machine that was there and is silent is lost at once, and named once', () => {
  const machines = new LostMachines();
  expect(machines.look(running('a', 'b'), [report('a'), report('b')])).toEqual([]);
  const [lost, ...others] = machines.look(running('a', 'b'), [report('b')]);
  expect(lost).toEqual({ id: 'a', report: report('a'), taskCount: 3 });
  expect(others).toEqual([]);
  expect(lostMachineWarning('q', lost as never)).toMatch(
    /machine a \(host h, process 7\) fell silent while it ran 3/,
  );
  expect(machines.look(running('a', 'b'), [report('b')])).toEqual([]);
});

test('one that was never seen may report yet: it is lost when it is missed twice', () => {
  const machines = new LostMachines();
  expect(machines.look(running('a'), [])).toEqual([]);
  expect(machines.look(running('a'), [])).toEqual([{ id: 'a', report: undefined, taskCount: 3 }]);
  expect(machines.look(running('a'), [])).toEqual([]);
});

test('one that has left without tasks is not lost, and one that comes back may be lost again', () => {
  const machines = new LostMachines();
  machines.look(running('a'), [report('a')]);
  expect(machines.look(running(), [])).toEqual([]);
  machines.look(running('a'), [report('a')]);
  expect(machines.look(running('a'), [])).toHaveLength(1);
  machines.look(running('a'), [report('a')]);
  expect(machines.look(running('a'), [])).toHaveLength(1);
});

test('one whose task is elsewhere is lost if its last report runs out, however long that lasts, and its task is settled', () => {
  const machines = new LostMachines();
  machines.look(running('a'), [report('a')]);
  machines.suspect('a', 'task 1');
  machines.suspect('a', 'task 2');
  for (let look = 0; look < 5; look += 1) expect(machines.look(running(), [report('a', 2)])).toEqual([]);
  expect(machines.look(running(), [])).toEqual([]);
  expect(machines.look(running(), [])).toEqual([{ id: 'a', report: report('a', 2), taskCount: 2 }]);
  expect(machines.hasSuspects).toBe(false);
  expect(machines.look(running(), [])).toEqual([]);
});

test('one whose task is elsewhere is not lost if it reports again, or has said that it gives the task back', () => {
  const machines = new LostMachines();
  machines.look(running('a', 'b'), [report('a'), report('b')]);
  machines.suspect('a', 'task 1');
  machines.suspect('b', 'task 2');
  machines.acquit('task 2');
  machines.look(running(), []); // an outage has lasted longer than the reports
  machines.look(running(), [report('a', 5)]);
  machines.look(running(), [report('a', 6)]);
  expect(machines.hasSuspects).toBe(false);
  machines.look(running(), []);
  expect(machines.look(running(), [])).toEqual([]);
});
