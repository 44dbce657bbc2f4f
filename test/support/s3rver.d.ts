declare module 's3rver' {
  import type { Server } from 'node:http';

  export default class S3rver {
    constructor(options: {
      readonly port: number;
      readonly address: string;
      readonly silent: boolean;
      readonly directory: string;
      readonly configureBuckets: readonly { readonly name: string }[];
      readonly allowMismatchedSignatures?: boolean;
      readonly vhostBuckets?: boolean;
    });
    /** Koa's own list, in the order in which they are asked. */
    readonly middleware: ((ctx: never, next: () => Promise<void>) => Promise<void>)[];
    readonly store: object;
    readonly httpServer: Server;
    run(): Promise<{ readonly port: number }>;
  }
}
