import { expect, test } from '@jest/globals';
import { createOomKillReader, readOomKills } from '../../lib/watchdog/oom-killer.ts';
import { reading, v1, v2 } from '../system/fake-files.ts';

const events = (kills: number) => `low 0\nhigh 0\nmax 9\noom 4\noom_kill ${kills}\noom_group_kill 0\n`;

test('version 2: the count of kills in the own group', () => {
  const files = {
    ...v2('/app'),
    '/sys/fs/cgroup/app/memory.events': events(3),
    '/sys/fs/cgroup/memory.events': events(7),
  };
  expect(createOomKillReader(reading(files))()).toBe(3);
});

test('version 1: the count of kills in the own group', () => {
  const control = 'oom_kill_disable 0\nunder_oom 0\noom_kill 5\n';
  const files = { ...v1('/app'), '/sys/fs/cgroup/memory/app/memory.oom_control': control };
  expect(createOomKillReader(reading(files))()).toBe(5);
});

test('the counter is read afresh each time', () => {
  const files: Record<string, string> = { ...v2('/'), '/sys/fs/cgroup/memory.events': events(0) };
  const read = createOomKillReader(reading(files));
  expect(read()).toBe(0);
  files['/sys/fs/cgroup/memory.events'] = events(1);
  expect(read()).toBe(1);
});

test('where it is not counted the answer is undefined', () => {
  const old = {
    ...v1('/app'),
    '/sys/fs/cgroup/memory/app/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\n',
  };
  for (const files of [old, v2('/app'), {}]) expect(createOomKillReader(reading(files))()).toBeUndefined();
});

test('the count of this system does not fall', () => {
  const before = readOomKills() ?? 0;
  expect(readOomKills() ?? 0).toBeGreaterThanOrEqual(before);
});
