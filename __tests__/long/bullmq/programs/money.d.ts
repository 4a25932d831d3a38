import type { Reducers } from 'loky';

export class Money {
  constructor(amount: number, currency: string);
  readonly amount: number;
  readonly currency: string;
}
export const reducers: Reducers;
