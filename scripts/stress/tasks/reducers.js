/** Reducers for some of the pools: a slow one, and two that fail, one at each end. They stand by themselves. */
export const reducers = {
  slow: {
    test: (value) => value?.chaos === 'slow',
    reduce: ({ ms, id }) => {
      const end = performance.now() + ms;
      while (performance.now() < end);
      return [ms, id];
    },
    rebuild: ([ms, id]) => ({ chaos: 'slow', ms, id }),
  },
  cannotBeReduced: {
    test: (value) => value?.chaos === 'cannotBeReduced',
    reduce: () => {
      throw new Error('cannot be reduced');
    },
    rebuild: (value) => value,
  },
  cannotBeRebuilt: {
    test: (value) => value?.chaos === 'cannotBeRebuilt',
    reduce: () => 1,
    rebuild: () => {
      throw new Error('cannot be rebuilt');
    },
  },
};
