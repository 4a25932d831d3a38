/** Claims between this process and another that takes them as fast as it can. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { CLAIMS_DESCRIPTOR, createClaimLedger } from '../../../lib/child/claims.ts';

/** A busy worker gets a few at a time, until it has more than it ever has ahead of it. */
const [PIECES, PIECE] = [4, 50];
const ROUNDS = 3_000;

/** Takes one claim after the other until its stdin ends, then says how many they were. */
const TAKER = `
  const { readSync } = require('node:fs');
  const record = Buffer.alloc(4);
  let [count, open] = [0, true];
  process.stdin.on('end', () => { open = false; }).resume();
  const take = () => {
    for (let tries = 0; tries < 1000; tries += 1) count += readSync(${CLAIMS_DESCRIPTOR}, record, 0, 4, null) / 4;
    if (open) setImmediate(take);
    else console.log(count);
  };
  take();
  console.log('takes');
`;

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux(
  'what is revoked is the end of what was posted, and each claim goes to one of the two',
  async () => {
    const ledger = createClaimLedger();
    if (ledger === undefined) throw new Error('expected a place for the claims');
    const taker = spawn(process.execPath, ['-e', TAKER], {
      stdio: ['pipe', 'pipe', 'inherit', 'ignore', ledger.descriptor],
    });
    try {
      let said = '';
      taker.stdout?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      await once(taker.stdout as NodeJS.EventEmitter, 'data');
      let [lastId, takenBack] = [0, 0];
      const postPiece = (): number[] => {
        const ids = Array.from({ length: PIECE }, (_, index) => lastId + index + 1);
        const posted = ids.slice(0, ledger.post(ids)); // less, until the file has been emptied
        lastId += posted.length;
        return posted;
      };
      for (let round = 0; round < ROUNDS; round += 1) {
        const ids = Array.from({ length: PIECES }, postPiece).flat();
        for (let spins = round % 50; spins > 0; spins -= 1) performance.now();
        const back = ledger.revoke();
        takenBack += back.length;
        // One read too many, and the other may have had a claim in between.
        expect(back).toEqual(ids.slice(ids.length - back.length));
      }
      taker.stdin?.end();
      await once(taker, 'close');
      const taken = Number(said.trim().split('\n').at(-1));
      expect(taken + takenBack).toBe(lastId);
      expect(Math.min(taken, takenBack)).toBeGreaterThan(0);
    } finally {
      taker.kill('SIGKILL');
      ledger.close();
    }
  },
  30_000,
);

onLinux('no more is posted than there is room for, and more when all of that was taken', () => {
  const ledger = createClaimLedger();
  if (ledger === undefined) throw new Error('expected a place for the claims');
  const ids = Array.from({ length: 1000 }, (_, id) => id);
  let posted = 0;
  for (let count = ledger.post(ids); count > 0; count = ledger.post(ids)) posted += count;
  expect([posted, ledger.revoke().length]).toEqual([262_144, 262_144]);
  expect([ledger.post(ids), ledger.revoke()]).toEqual([1000, ids]);
  ledger.close();
});
