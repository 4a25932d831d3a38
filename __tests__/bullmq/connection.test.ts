/** What can be given as a connection: what ioredis would silently take for 127.0.0.1:6379 is refused. */
import { expect, test } from '@jest/globals';
import { Cluster } from 'ioredis';
import { closeRedis, openRedis, placeOf, unavailable } from '../../lib/bullmq/connection.ts';

test.each<[string, unknown, RegExp]>([
  ['a Redis Cluster', new Cluster([{ port: 1 }], { lazyConnect: true }), /got a Redis Cluster.*Sentinel/],
  ['the nodes of one', [{ host: '127.0.0.1', port: 1 }], /got a Redis Cluster/],
  ['a client of another package', new (class Client {})(), /got a client of another package/],
  [
    'one that can be duplicated too',
    new (class Client {
      duplicate() {}
    })(),
    /got a client of another package/,
  ],
  ['options of another package', { url: 'redis://127.0.0.1:1' }, /but url is none of its options/],
  ['options of a socket', { socket: { host: '127.0.0.1' } }, /but socket is none of its options/],
  ['a number', 6379, /got 6379/],
])('%s is refused', (_, connection, message) => {
  expect(() => openRedis(connection as never)).toThrow(TypeError);
  expect(() => openRedis(connection as never)).toThrow(message);
});

test('messages name the Sentinels, and tell a user that is let in from a wrong password', () => {
  const redis = openRedis({ sentinels: [{ host: 'a', port: 1 }, { host: 'b' }], name: 'main' });
  redis.on('error', () => {});
  expect(placeOf(redis)).toBe('main of the Sentinels a:1, b:26379');
  const said = (message: string) => unavailable(redis, 'refused', new Error(message)).message;
  expect(said('NOPERM no permissions')).toMatch(/The password is right.*ACL SETUSER/);
  expect(said('WRONGPASS invalid')).toMatch(/Check the username and password/);
  closeRedis(redis);
});
