/** Meets every worker of a pool through its own tasks: who they are and how many no-ops each has run. */

export async function census(pool, workers) {
  const met = new Map();
  for (let attempt = 0; attempt < 5 && met.size < workers; attempt++) {
    const answers = await Promise.all(Array.from({ length: workers }, () => pool.run('census')));
    for (const answer of answers) met.set(answer.id, answer);
  }
  return [...met.values()];
}

/** No-ops run so far in all workers together. */
export async function countCalls(pool, workers) {
  const met = await census(pool, workers);
  return met.reduce((sum, { calls }) => sum + calls, 0);
}
