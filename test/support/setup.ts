import 'reflect-metadata';
import { cleanUp } from './cleaning.js';

const inherits = Function.prototype[Symbol.hasInstance];

/** Whether the thing is an error of any realm: one of its prototypes is some realm's Error.prototype. */
const isAnyError = (thing: unknown): boolean => {
  if (typeof thing !== 'object' || thing === null) return false;
  for (let at: object | null = thing; at; at = Object.getPrototypeOf(at) as object | null)
    if (Object.hasOwn(at, 'constructor') && at.constructor.name === 'Error') return true;
  return false;
};

// Trap: Jest runs each test file in a realm of its own, where an error of Node's core, and one of a native addon that
// an earlier file loaded, is no `instanceof Error`. The program asks that of system and database errors, so here it
// must answer as it does in production.
Object.defineProperty(Error, Symbol.hasInstance, {
  value(this: unknown, thing: unknown): boolean {
    return inherits.call(this as object, thing) || (this === Error && isAnyError(thing));
  },
});

afterAll(cleanUp);
