import { Binary, BSON, Decimal128, Double, EJSON, Long, ObjectId, Timestamp, UUID } from 'bson';
import { use } from './use.ts';

const id = new ObjectId('656e2b6f3f1d2c0011223344');
const document = {
  _id: id,
  n: Long.fromString('9007199254740993'),
  at: new Date(7),
  price: Decimal128.fromString('1.10'),
};

export const size = (value: object): number => BSON.calculateObjectSize(value);

use('bson', 'an exported function', size, { a: 1, b: [1n] });
use('bson', 'a captured ObjectId', () => [id.toHexString(), id.getTimestamp()]);
use(
  'bson',
  'an ObjectId as argument',
  (a: ObjectId, b: string) => a.equals(b),
  id,
  '656e2b6f3f1d2c0011223344',
);
use('bson', 'an ObjectId comes back', (hex: string) => new ObjectId(hex), '656e2b6f3f1d2c0011223344');
use('bson', 'serialize', (value: object) => BSON.serialize(value), document);
use(
  'bson',
  'deserialize',
  (bytes: Uint8Array) => BSON.deserialize(bytes, { promoteLongs: false }),
  BSON.serialize(document),
);
use('bson', 'EJSON', (value: object) => EJSON.stringify(value, { relaxed: false }), document);
use(
  'bson',
  'Long, Double and Timestamp',
  (n: Long) => [n.add(1), new Double(-0), Timestamp.fromBits(1, 2)],
  Long.fromNumber(5),
);
use(
  'bson',
  'Binary and UUID',
  (binary: Binary) => [binary, new UUID('c0ffee00-0000-4000-8000-000000000000').toHexString()],
  new Binary(new Uint8Array([1, 2])),
);
use('bson', 'an error', (hex: string) => new ObjectId(hex), 'short');
