import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Writable } from 'node:stream';
import type { Request, Response } from 'express';
import multer, { MulterError } from 'multer';
import type { StorageEngine } from 'multer';
import { DomainError } from '../../errors/domain-error.js';
import { pump } from './pump.js';
import { FileMissing, MultipartMalformed, TooManyFiles } from './transfer.errors.js';

/** Called when the file begins; its bytes go into the sink that this gives. */
export type OpenFile = (filename: string, formToken: unknown) => Promise<Writable>;

/** Reads one request's body: finds the file in it, and resolves when the whole body was well-formed and taken. */
export type BodyReader = (
  req: Request,
  res: Response,
  signal: AbortSignal,
  open: OpenFile,
) => Promise<void>;

/** The one field besides the file that means something, and room for what a page may add. */
const maxFields = 8;
const maxFieldBytes = 1024;
/** What may come before the file: fields, their headers, a preamble. */
export const maxBytesBeforeFile = 64 * 1024;

/** What multer and busboy, which throws plain Errors, refuse, in our names. */
const problemOf = (cause: unknown): DomainError => {
  if (cause instanceof DomainError) return cause;
  return cause instanceof MulterError && cause.code === 'LIMIT_FILE_COUNT'
    ? new TooManyFiles()
    : new MultipartMalformed({ cause });
};

/**
 * Streams the one file part into the sink.
 * @param failed told of what `open` and the sink throw, which says nothing of the form
 */
const fileInto = (
  open: OpenFile,
  opened: (file: Readable) => void,
  failed: (cause: unknown) => void,
): StorageEngine => ({
  _handleFile: (form, file, done) => {
    const { token } = form.body as { token?: unknown };
    opened(file.stream);
    open(file.originalname, token).then(
      (sink) => {
        sink.once('error', (cause) => {
          failed(cause);
          done(cause);
        });
        sink.once('finish', () => done(null, {}));
        // What the parser throws may reach the file first, and from there everything else.
        file.stream.once('error', (cause) => sink.destroy(problemOf(cause)));
        file.stream.pipe(sink);
      },
      (cause: unknown) => {
        failed(cause);
        file.stream.resume();
        done(cause);
      },
    );
  },
  // The caller removes what was stored; multer knows nothing of it.
  _removeFile: (_form, _file, done) => done(null),
});

/** Whether its source has said that no more follows; what came of it may still wait to be read. */
const whenEnded = (stream: Readable): { readonly came: boolean } => {
  const end = { came: false };
  const push = stream.push.bind(stream);
  stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
    end.came ||= chunk === null;
    return push(chunk, encoding);
  };
  return end;
};

/**
 * multipart/form-data with exactly one file part, named `file` (RFC 7578), parsed by multer.
 * Trap: on any error multer reads the request to its end before it says so, gigabytes of a refused upload. So it gets
 * a stand-in for the request, already ended, and the request itself is fed to the parser by us, who may stop.
 */
export const formBody: BodyReader = async (req, res, signal, open) => {
  const parsing = new AbortController();
  const form = await standIn(req);
  const hasFile = { seen: false };
  let endOfFile = { came: true };
  let bytesBefore = 0;
  const count = (chunk: Buffer): void => {
    if (hasFile.seen) req.off('data', count);
    else if (bytesBefore > maxBytesBeforeFile) parsing.abort(new MultipartMalformed());
    // After the look: the file may begin within this very chunk, which the parser gets after us.
    bytesBefore += chunk.length;
  };
  const parse = multer({
    storage: fileInto(
      open,
      (stream) => {
        hasFile.seen = true;
        endOfFile = whenEnded(stream);
      },
      (cause) => parsing.abort(cause),
    ),
    defParamCharset: 'utf8',
    // The caller cleans the name. Here a path without a last part would leave none, and the file would be no file.
    preservePath: true,
    fileFilter: (_form, file, accept) => {
      if (file.fieldname !== 'file') accept(new FileMissing());
      else if (hasFile.seen) accept(new TooManyFiles());
      else accept(null, true);
    },
    // Everything that multer would keep in memory is bounded.
    limits: {
      files: 1,
      fields: maxFields,
      parts: maxFields + 1,
      fieldSize: maxFieldBytes,
      fieldNameSize: 100,
      headerPairs: 32,
      fieldNestingDepth: 0,
      fieldArrayIndexLimit: 0,
      // The sink's limit is the platform's; this one is only never unset.
      fileSize: Number.MAX_SAFE_INTEGER - 1,
    },
    streamHandler: (_form: unknown, parser: Writable) => {
      req.on('data', count);
      // Trap: where a form was closed and goes on with a file that has no end, busboy would wait for that for ever.
      const final = parser._final.bind(parser);
      parser._final = (done) => (endOfFile.came ? final(done) : done(new MultipartMalformed()));
      pump(req, parser, AbortSignal.any([signal, parsing.signal])).catch((cause: unknown) =>
        // Trap: what the parser throws may reach us before multer tells it, and busboy emits some errors without being
        // destroyed by them, so that `errored` does not know them.
        parsing.abort(problemOf(cause)),
      );
    },
  } as multer.Options).any();
  try {
    await new Promise<void>((resolve, reject) => {
      parsing.signal.addEventListener('abort', () => reject(parsing.signal.reason as Error));
      parse(form, res, (cause: unknown) => {
        if (cause === undefined || cause === null) resolve();
        else parsing.abort(problemOf(cause));
      });
    });
  } finally {
    req.off('data', count);
  }
};

/** Has the request's headers and none of its bytes. */
const standIn = async (req: IncomingMessage): Promise<Request> => {
  const form = Object.assign(new Readable({ read: () => undefined }), {
    headers: {
      'content-type': req.headers['content-type'],
      // type-is asks whether there is a body at all.
      'transfer-encoding': 'chunked',
    },
  });
  form.destroy();
  await once(form, 'close');
  return form as unknown as Request;
};
