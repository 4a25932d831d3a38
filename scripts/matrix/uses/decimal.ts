import { Decimal } from 'decimal.js';
import { use } from './use.ts';

const vat = new Decimal('1.19');
const Precise = Decimal.clone({ precision: 50, rounding: Decimal.ROUND_HALF_EVEN });

export const gross = (net: string): string => vat.times(net).toFixed(2);

use('decimal.js', 'an exported function', gross, '10.05');
use('decimal.js', 'a captured number', (n: number) => vat.plus(n).toString(), 0.1);
use(
  'decimal.js',
  'a number as argument',
  (n: Decimal) => n.sqrt().toSignificantDigits(5).toNumber(),
  new Decimal(2),
);
use('decimal.js', 'a number comes back', (text: string) => new Decimal(text).div(3), '1e-20');
use('decimal.js', '-0, NaN and Infinity', () => [
  new Decimal(-0),
  new Decimal(Number.NaN),
  new Decimal(-1).div(0).toNumber(),
  new Decimal(-0).toNumber(),
]);
use('decimal.js', 'a class that clone made', (n: number) => new Precise(1).div(n).toString(), 7);
use(
  'decimal.js',
  'an instance of a class that clone made',
  (n: Decimal) => n.div(3).toString(),
  new Precise(1),
);
use('decimal.js', 'a sum', (all: Decimal[]) => Decimal.sum(...all), [new Decimal('0.1'), new Decimal('0.2')]);
use('decimal.js', 'an error', (text: string) => new Decimal(text), 'many');
