import './compiled.ts';

export { uses } from './erasable.ts';
