import { spawnSync } from 'node:child_process';
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

/** The lines `oom_kill` of all control groups that the mounts here show, found by their names alone. */
function countsOfThisSystem(): number[] {
  const names = ['memory.events', 'memory.oom_control'].flatMap((name) => ['-o', '-name', name]).slice(1);
  const find = [
    '/sys/fs/cgroup',
    '-type',
    'f',
    '(',
    ...names,
    ')',
    '-exec',
    'grep',
    '-h',
    '^oom_kill ',
    '{}',
    '+',
  ];
  const { stdout } = spawnSync('find', find, { encoding: 'utf8' });
  return [...stdout.matchAll(/^oom_kill (\d+)$/gm)].map(([, digits]) => Number(digits));
}

test('the count of this system is one that a control group here tells, and there is none where none does', () => {
  const counts = countsOfThisSystem();
  if (counts.length === 0) expect(readOomKills()).toBeUndefined();
  else expect(counts).toContain(readOomKills());
});
