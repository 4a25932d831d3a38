/** A process without any pool: it is sent all that it shall do, and sends back what came of it. */
import { measureChunk } from './measure.js';

process.on('message', (chunks) => process.send(chunks.map(measureChunk)));
