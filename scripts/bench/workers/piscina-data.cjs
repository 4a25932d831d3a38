/** A task for piscina over what all threads were given at their start. */
const { workerData } = require('piscina');

module.exports = () => workerData !== undefined;
