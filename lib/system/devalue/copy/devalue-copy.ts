/** In the build, this file has a copy of the package in it: see scripts/build.js. */
export { DevalueError, parse, stringify } from 'devalue';
