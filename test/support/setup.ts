import 'reflect-metadata';
import { runInThisContext } from 'node:vm';
import { cleanUp } from './cleaning.js';

// Trap: Jest runs each test file in a realm of its own, where an error of Node's core, of a native addon or of the
// program, which Node loads, is no `instanceof Error`, and where a Date or a Map is none to the program. They share these.
Object.assign(globalThis, runInThisContext('({ Date, Error, TypeError, RangeError, Map, Set })'));
// A copy otherwise, and the program would not see what a story sets.
process.env = runInThisContext('process.env') as NodeJS.ProcessEnv;

afterAll(cleanUp);
