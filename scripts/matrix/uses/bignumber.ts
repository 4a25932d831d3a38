import { BigNumber } from 'bignumber.js';
import { use } from './use.ts';

const rate = new BigNumber('0.0725');
const Cents = BigNumber.clone({ DECIMAL_PLACES: 2 });

export const interest = (sum: string): string => rate.times(sum).dp(2).toString();

use('bignumber.js', 'an exported function', interest, '1234.56');
use('bignumber.js', 'a captured number', (n: number) => rate.plus(n).toFixed(), 1);
use('bignumber.js', 'a number as argument', (n: BigNumber) => n.pow(64).toString(16), new BigNumber(2));
use('bignumber.js', 'a number comes back', (text: string) => new BigNumber(text).div(3), '1');
use('bignumber.js', '-0 and NaN', () => [
  new BigNumber(-0),
  new BigNumber('x').isNaN(),
  new BigNumber(-0).toNumber(),
]);
use('bignumber.js', 'a class that clone made', (n: number) => new Cents(1).div(n).toString(), 3);
use(
  'bignumber.js',
  'isBigNumber and max',
  (n: BigNumber) => [BigNumber.isBigNumber(n), BigNumber.max(n, 3)],
  new BigNumber(7),
);
use(
  'bignumber.js',
  'a format',
  (n: BigNumber) => n.toFormat(2, { groupSize: 3, groupSeparator: '.', decimalSeparator: ',' }),
  new BigNumber('1234567.891'),
);
