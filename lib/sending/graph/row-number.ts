/**
 * What stands for a row while devalue writes: an object, so that no value of the user's is taken for it, which devalue
 * writes as the number that it holds.
 */
import type { StringifyOperations } from 'devalue';

export class RowNumber {
  readonly #number: number;

  constructor(number: number) {
    this.#number = number;
  }

  static is(value: unknown): value is RowNumber {
    return typeof value === 'object' && value !== null && #number in value;
  }

  /** For devalue. */
  static readonly operations: Partial<StringifyOperations> = {
    typeOf: (value: unknown) => (RowNumber.is(value) ? 'number' : value === null ? 'null' : typeof value),
    toPrimitive: (value: unknown) => (RowNumber.is(value) ? value.#number : value) as never,
  };
}
