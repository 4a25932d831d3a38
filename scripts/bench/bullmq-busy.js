/** The processor of the break-even benchmark: keeps its core busy for `job.data.ms` milliseconds. */
export default function busy(job) {
  const end = performance.now() + job.data.ms;
  while (performance.now() < end);
}
