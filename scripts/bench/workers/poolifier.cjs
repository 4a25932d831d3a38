/** The tasks as poolifier wants them. */
const { ClusterWorker } = require('poolifier');
module.exports = new ClusterWorker({ ...require('../tasks.cjs') });
