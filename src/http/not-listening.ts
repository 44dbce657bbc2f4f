import type { Config } from '../config/config.js';

const said = (config: Config, { code, message }: NodeJS.ErrnoException): string => {
  switch (code) {
    case 'EADDRINUSE':
      return `PORT holds ${config.PORT}, which another process listens on (${message}); it may hold a port that is free, or 0`;
    case 'EACCES':
    case 'EPERM':
      return `PORT holds ${config.PORT}, where this process may not listen (${message}); it may hold another port, such as 8000`;
    default:
      return `HOST holds ${JSON.stringify(config.HOST)}, where this machine does not listen (${message}); it may hold an IP address or host name of this machine, such as 0.0.0.0`;
  }
};

/** The server cannot listen where HOST and PORT say; said to the operator, and stops the start. */
export class NotListening extends Error {
  constructor(config: Config, cause: Error) {
    super(said(config, cause), { cause });
    this.name = 'NotListening';
  }
}
