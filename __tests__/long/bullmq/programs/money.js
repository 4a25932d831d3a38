/** A class that plain data cannot carry, and its reducer. */
export class Money {
  constructor(amount, currency) {
    this.amount = amount;
    this.currency = currency;
  }
}

export const reducers = {
  money: {
    test: (value) => value instanceof Money,
    reduce: ({ amount, currency }) => [amount, currency],
    rebuild: ([amount, currency]) => new Money(amount, currency),
  },
};
