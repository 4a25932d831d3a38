/** The tasks as worker-farm wants them: answers go to a callback, which comes last. */
const tasks = require('../../tasks.cjs');

for (const [name, task] of Object.entries(tasks)) {
  exports[name] = (argument, callback) => callback(null, task(argument));
}
