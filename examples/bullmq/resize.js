// A processor's file: its default export gets the job.
export default async function resize(job) {
  return { width: job.data.width / 2, attempt: job.attemptsStarted };
}
