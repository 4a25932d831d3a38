/** The programs under examples/view: each serves the page beside what it is there for, and ends when it is asked to. */
import { afterEach, expect, test } from '@jest/globals';
import { ask, openStream } from '../../view/reader.ts';
import { type Service, startService } from '../examples/service.ts';

let service: Service | undefined;
afterEach(() => service?.kill());

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

test.each<[string, string, Record<string, string>, string, string]>([
  ['http', '/view?token=example', {}, '/fibonacci?n=10', '55'],
  ['express', '/view', basic('any:example'), '/square/7', '49'],
  ['fastify', '/view?token=example', {}, '/square/7', '49'],
])('%s', async (name, path, headers, other, result) => {
  service = await startService(`examples/view/${name}.js`, {
    VIEW_TOKEN: 'example',
    VIEW_PASSWORD: 'example',
  });
  const url = new URL(path, service.address).href;
  expect((await ask(url, headers)).text).toContain('<!doctype html>');
  expect((await ask(new URL('/view', service.address).href)).status).toBeGreaterThanOrEqual(401);
  const stream = await openStream(url, headers);
  await stream.until(() => stream.snapshots().length === 1);
  expect((await ask(new URL(other, service.address).href)).text.trim()).toBe(result);
  await stream.until(() =>
    stream.deltas().some(({ functions = [] }) => functions.some(([, , count]) => count > 0)),
  );
  process.kill(service.pid, 'SIGTERM');
  await stream.ended;
  expect(await service.ended).toEqual({ code: 0, signal: null });
});
