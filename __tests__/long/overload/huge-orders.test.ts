/** Orders of the resource tracker come from tasks: what is no order is passed over, however large it is. */
import { constants } from 'node:buffer';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { HEADER_BYTES, MAGIC } from '../../../lib/child/frames.ts';
import { FrameKind } from '../../../lib/child/protocol.ts';
import { guardian } from '../../../lib/watchdog/guardian.ts';
import { encodeOrder } from '../../../lib/watchdog/resource-orders.ts';
import { receiveOrder, temporaryFilesRemoved } from '../../../lib/watchdog/temporary-files.ts';
import { scriptFolder, WELL } from '../../executor/host-script.ts';

const run = scriptFolder();

test('one that is longer than a string can be costs nobody anything', async () => {
  const script = run(`
    const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
    const order = (magic, kind, bytes) => {
      const { writeSync } = process.getBuiltinModule('node:fs');
      const write = (chunk, end) => {
        for (let at = 0; at < end; ) {
          try {
            at += writeSync(3, chunk, 0, Math.min(chunk.length, end - at));
          } catch (error) {
            if (error.code !== 'EAGAIN') throw error;
          }
        }
      };
      const header = Buffer.alloc(${HEADER_BYTES});
      header.writeUInt8(magic, 0);
      header.writeUInt8(kind, 1);
      header.writeUInt32LE(bytes, 12);
      write(header, header.length);
      write(Buffer.alloc(2 ** 20), bytes);
      return 'written';
    };
    say(await executor.submit(order, ${MAGIC}, ${FrameKind.resource}, ${constants.MAX_STRING_LENGTH + 1}));
    say(await executor.submit(() => 'goes on'));
    await executor.shutdown();
  `);
  const clock = setTimeout(() => script.child.kill('SIGKILL'), 50_000);
  const end = await script.ended.finally(() => clearTimeout(clock));
  expect(end).toMatchObject({ ...WELL, said: ['written', 'goes on'] });
});

test('an order whose path is as long as any, in characters that JSON escapes, is carried out', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'loky-orders-'));
  try {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    for (const verb of ['register', 'maybeUnlink'] as const) {
      const path = `${folder}/${'\u0001'.repeat(4_000)}/../file`;
      const line = encodeOrder({ verb, kind: 'file', path });
      expect(line.length).toBeGreaterThan(6 * 4_000);
      receiveOrder(Buffer.from(line));
    }
    await temporaryFilesRemoved();
    await guardian.ended();
    expect(existsSync(file)).toBe(false);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
