/** The least that a forked process can do: say that it is up, then wait for nothing. */
process.send('up');
process.on('message', () => {});
