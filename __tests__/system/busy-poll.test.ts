import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { BusyPoll } from '../../lib/system/busy-poll.ts';

/** The event loop does not sleep while an immediate is waiting. */
const isAwake = () => process.getActiveResourcesInfo().includes('Immediate');

/** A poll whose clock stands still until it is set. */
function pollAt() {
  const clock = { time: 0 };
  return { clock, poll: new BusyPoll(() => clock.time) };
}

/** A message that comes so much later than it was expected. */
async function trip({ clock, poll }: ReturnType<typeof pollAt>, wait: number): Promise<boolean> {
  poll.expect();
  const wasAwake = isAwake();
  clock.time += wait;
  poll.arrived();
  await delay(2);
  return wasAwake;
}

describe('adaptive busy polling', () => {
  test('keeps the event loop awake for a message that is expected, and lets it sleep when it has come', async () => {
    const { poll } = pollAt();
    expect(isAwake()).toBe(false);
    poll.expect();
    await delay(5);
    expect(isAwake()).toBe(true);
    poll.arrived();
    await delay(5);
    expect(isAwake()).toBe(false);
  });

  test('begins when so many messages have come that the code is warm', async () => {
    const clock = { time: 0 };
    const setup = { clock, poll: new BusyPoll(() => clock.time, 3) };
    const awake: boolean[] = [];
    for (let count = 0; count < 5; count++) awake.push(await trip(setup, 0.02));
    expect(awake).toEqual([false, false, false, true, true]);
  });

  test('asks whether there is a core only when it would poll, and does not without one', async () => {
    const clock = { time: 0 };
    const poll = new BusyPoll(() => clock.time, 2);
    let asked = 0;
    const awake: boolean[] = [];
    for (let count = 0; count < 4; count++) {
      poll.expect(() => ++asked > 1);
      awake.push(isAwake());
      poll.arrived();
      await delay(2);
    }
    expect({ asked, awake }).toEqual({ asked: 2, awake: [false, false, false, true] });
  });

  test('ends when the message does not come', async () => {
    const { clock, poll } = pollAt();
    poll.expect();
    clock.time += 0.2;
    await delay(5);
    expect(isAwake()).toBe(false);
  });

  test('polls for every message as long as they come in time', async () => {
    const setup = pollAt();
    for (let count = 0; count < 20; count++) expect(await trip(setup, 0.02)).toBe(true);
  });

  test('tries ever more rarely where they come late, and goes on where they come in time again', async () => {
    const setup = pollAt();
    const tries: number[] = [];
    for (let count = 0; count < 200; count++) if (await trip(setup, 3)) tries.push(count);
    expect(tries).toEqual([0, 3, 8, 17, 34, 67, 132, 197]);
    const awake: boolean[] = [];
    for (let count = 0; count < 80; count++) awake.push(await trip(setup, 0.02));
    expect(awake.lastIndexOf(false)).toBeLessThan(64);
  });

  test('counts as late what came while the process had no core to run on', async () => {
    const setup = pollAt();
    const awake: boolean[] = [];
    // The loop has not turned between the two.
    for (let count = 0; count < 4; count++) awake.push(await trip(setup, 0.5));
    expect(awake).toEqual([true, false, false, true]);
  });

  test('keeps nothing of the request that it began in', async () => {
    const request = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const poll = new BusyPoll(() => {
      seen.push(request.getStore());
      return 0;
    });
    request.run('a request', () => poll.expect());
    await delay(5);
    poll.arrived();
    expect(seen.shift()).toBe('a request'); // of expect() itself
    expect(seen.length).toBeGreaterThan(1);
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });
});
