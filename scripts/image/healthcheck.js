// Exit 0 while the service in this container serves. Not a command of the program, which would be started anew each time.
const { get } = require('node:http');

const { HOST = '', PORT = '' } = process.env;
const host = HOST === '' || HOST === '0.0.0.0' ? '127.0.0.1' : HOST === '::' ? '::1' : HOST;
const options = { host, port: Number(PORT || 8000), path: '/health/live', timeout: 4_000 };

get(options, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1));
