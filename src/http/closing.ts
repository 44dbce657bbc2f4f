import type { Socket } from 'node:net';
import type { NextFunction, Request, Response } from 'express';
import { hasBody } from './framing.policy.js';

/** How long a client that still sends may take to notice the answer. */
const lingerMs = 3_000;
/** How much of what it still sends is read and thrown away, so that small bodies end without a reset. */
const lingerBytes = 256 * 1024;

/** Connections whose request is being worked on: nothing moves on them, and that is not the client's fault. */
const atWork = new WeakSet<Socket>();

/** Connections on which an answer has begun and is not over. */
const answering = new WeakSet<Socket>();

/** Whether a word more would be taken for a part of an answer under way. */
export const isAnswering = (socket: Socket): boolean => answering.has(socket);

/** Ends a connection on which nothing moved for the server's time-out, in either direction. */
export const endIdle = (socket: Socket): void => {
  if (!atWork.has(socket)) socket.destroy();
};

/**
 * An answer given before the whole body came closes the connection, and the rest of the body is not read.
 * Trap: closing a socket that holds unread bytes sends a reset, which can destroy the answer on its way (RFC 9112,
 * section 9.6). So the answer and a FIN go out, a little is drained, and the socket ends soon after.
 */
export const closeUnread = (req: Request, res: Response, next: NextFunction): void => {
  const { socket } = req;
  atWork.add(socket);
  res.once('close', () => {
    atWork.delete(socket);
    answering.delete(socket);
  });
  const writeHead = res.writeHead.bind(res) as (...args: unknown[]) => Response;
  res.writeHead = ((...args: unknown[]) => {
    atWork.delete(socket);
    answering.add(socket);
    if (!req.complete && hasBody(req)) {
      res.setHeader('Connection', 'close');
      linger(req, socket);
    }
    return writeHead(...args);
  }) as typeof res.writeHead;
  next();
};

/**
 * Node ends such a connection by `destroySoon`: this makes it linger instead.
 * Trap: a body that nobody began to read Node reads to its end by itself once the answer is out, past every pause.
 * So what came of it is taken here, which counts as a beginning.
 */
const linger = (req: Request, socket: Socket): void => {
  req.read();
  socket.destroySoon = () => {
    let drained = 0;
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(timer));
    socket.once('error', () => socket.destroy());
    req.on('error', () => socket.destroy());
    req.on('data', (chunk: Buffer) => {
      drained += chunk.length;
      if (drained > lingerBytes) req.pause();
    });
    req.on('end', () => socket.destroy());
    req.resume();
    socket.end();
  };
};
