/** Set by `npm run test:long`: what chooses at random then chooses many times. */
export const isLong = process.env['TESTS'] === 'long';
