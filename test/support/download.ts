import type TestAgent from 'supertest/lib/agent.js';
import type { Test } from 'supertest';

/** Asks for bytes: the answer's body is a Buffer, whatever its type. */
export const bytesOf = (request: Test): Test =>
  request.buffer(true).parse((res, done) => {
    const chunks: Buffer[] = [];
    res.on('data', (chunk: Buffer) => chunks.push(chunk));
    res.on('end', () => done(null, Buffer.concat(chunks)));
  });

/** The archive as an engineer gets it. */
export const download = (
  api: TestAgent,
  id: string,
  headers: Readonly<Record<string, string>> = {},
): Test => bytesOf(api.get(`/archives/${id}/content`).set(headers));
