/** The tasks as poolifier wants them. */
const { ClusterWorker } = require('poolifier');
const tasks = require('../../tasks.cjs');

const { noop, echo, census, spin, block } = tasks;
module.exports = new ClusterWorker({ noop, echo, census, spin, block });
