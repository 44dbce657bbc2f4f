import 'reflect-metadata';
import { types } from 'node:util';
import { cleanUp } from './cleaning.js';

// Trap: Jest runs tests in a realm of their own, where an error that Node's core throws is no `instanceof Error`.
// The program asks that of system errors, so here it must answer as it does in production.
const inherits = Function.prototype[Symbol.hasInstance];
Object.defineProperty(Error, Symbol.hasInstance, {
  value(this: unknown, thing: unknown): boolean {
    return inherits.call(this as object, thing) || (this === Error && types.isNativeError(thing));
  },
});

afterAll(cleanUp);
