/** The least that a process can do for a job: answers each line on descriptor 3 with a line. */
import { Socket } from 'node:net';

const pipe = new Socket({ fd: 3, readable: true, writable: true });
pipe.on('data', (chunk) => pipe.write('\n'.repeat(String(chunk).split('\n').length - 1)));
pipe.on('end', () => process.exit());
