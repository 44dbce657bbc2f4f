import { setFlagsFromString } from 'node:v8';

/**
 * Lets short scavenges free network buffers. Without this cap they wait for a mark-compact, and one large upload peaks
 * 40 MiB higher on Node.js 24. Not in the start line: V8 of Node.js 26 no longer knows the flag, and Node.js refuses to
 * start with a flag that it does not know.
 */
if (Number(process.versions.node.split('.')[0]) < 26)
  setFlagsFromString('--scavenger-max-new-space-capacity-mb=1');
