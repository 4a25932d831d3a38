/**
 * The live view in Express, for users who are known to be operators: `node examples/view/express.js`, then open
 * http://127.0.0.1:3000/view with the password "secret" (any name).
 */
import { timingSafeEqual } from 'node:crypto';
import express from 'express';
import { getReusableExecutor } from 'loky';
import { viewHandler } from 'loky/view';

const password = Buffer.from(`:${process.env.VIEW_PASSWORD ?? 'secret'}`);

/** Stands for the application's own sign-in. */
function isOperator({ headers: { authorization = '' } }) {
  const given = Buffer.from(authorization.replace(/^Basic /, ''), 'base64');
  const tail = given.subarray(Math.max(0, given.length - password.length));
  return tail.length === password.length && timingSafeEqual(tail, password);
}

// The name under which browsers reach this server, if it is not an address: hosts: ['ops.example.com'].
const view = viewHandler({ authorize: isOperator, allowActions: true });

const app = express();
app.use(
  '/view',
  (request, response, next) => {
    if (isOperator(request)) return next();
    response.set('www-authenticate', 'Basic').status(401).end();
  },
  view,
);
app.get('/square/:n', async (request, response) => {
  const result = await getReusableExecutor({ maxWorkers: 2 }).submit((n) => n * n, Number(request.params.n));
  response.send(`${result}\n`);
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const { address, port } = server.address();
  console.log(`listening on http://${address}:${port}`);
});

process.once('SIGTERM', async () => {
  view.close();
  server.close();
  await getReusableExecutor({ reuse: true }).shutdown();
});
