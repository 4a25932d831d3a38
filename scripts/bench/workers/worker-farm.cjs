/** The tasks as worker-farm wants them: answers go to a callback, which comes last. */
for (const [name, task] of Object.entries(require('../tasks.cjs'))) {
  exports[name] = (argument, callback) => callback(null, task(argument));
}
