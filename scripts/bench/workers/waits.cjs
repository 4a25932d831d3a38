/** A task for worker-farm that only waits. */
module.exports = (time, callback) => void setTimeout(callback, time);
