import type { ErrorTexts } from './error-text.ts'

const LOG = 'log of any process, commands that read streams'

/** Codes of requests to NATS and of what is read from its streams. Stages retry most of them by themselves. */
export const STREAM_ERRORS = {
  no_reply: {
    meaning: 'NATS did not reply in time. The request may have been received.',
    cause: 'The server or the network is slow, or the connection was lost meanwhile.',
    remedy: 'Try again; an input under the same id. Stages try again by themselves.',
    where: `${LOG}; HTTP interface`,
    http: 503,
  },
  no_responders: {
    meaning: 'Nobody takes the request.',
    cause: 'JetStream is away or has no leader, or the stream does not exist.',
    remedy: 'Try again; an input under the same id. Check `colloquy status` if it stays so.',
    where: `${LOG}; HTTP interface`,
    http: 503,
  },
  closed: {
    meaning: 'The connection to NATS was closed before the request.',
    cause: 'The process or the producer stops.',
    remedy: 'Open a new producer, or send the request to another process; an input under the same id.',
    where: `${LOG}; HTTP interface`,
    http: 503,
  },
  not_sent: {
    meaning: 'The request to NATS could not be sent.',
    cause: 'The connection is closed, or the message is larger than the server allows.',
    remedy: 'Read the end of the message. Try again if it names the connection; send less if it names the size.',
    where: LOG,
  },
  interrupted: {
    meaning: 'Reading a stream was interrupted.',
    cause: 'The connection was lost, the consumer was removed, or NATS did not answer in time.',
    remedy: 'Stages and most commands restart from their checkpoint. Run a command that ends with it again.',
    where: LOG,
  },
  no_leader: {
    meaning: 'A stream has no leader for now.',
    cause: 'The NATS cluster elects one, or has lost its majority.',
    remedy: 'Try again. If it stays so, check that the majority of the NATS servers run.',
    where: LOG,
  },
  cluster_refused: {
    meaning: 'The key-value bucket of the cluster refused an entry.',
    cause: 'The bucket is full or has no leader. The message has the answer of NATS.',
    remedy: 'The process tries again. Check the storage and the servers of NATS if it stays so.',
    where: LOG,
  },
  no_checkpoint: {
    meaning: 'A stage has no checkpoint, though LOG exists.',
    cause: 'Its key was removed from the bucket, or the bucket was restored without it.',
    remedy: 'Put the key that the message names back from a backup of the bucket.',
    where: 'log of `colloquy up`',
  },
  load_failed: {
    meaning: 'LOG did not give the last record of an actor.',
    cause: 'NATS answered with an error. The message has its description.',
    remedy: 'The host tries again. Check `colloquy status` if it stays so.',
    where: 'log of a host',
  },
  heal_failed: {
    meaning: 'A host could not repair INBOX after it lost its last messages.',
    cause: 'INBOX refused the messages that take up the lost sequences. The message has the answer of NATS.',
    remedy: 'The host tries again. Make room for INBOX (`COLLOQUY_STORAGE_BYTES_MAX`) if it is full.',
    where: 'log of a host',
  },
  no_partitions: {
    meaning: 'INBOX does not say how many partitions it has.',
    cause: 'Its subject transform has no partitions: the stream was not made by Colloquy, or was changed by hand.',
    remedy: 'Check `COLLOQUY_NATS_URL`. If it is right, undo the change of the stream INBOX.',
    where: '`colloquy check`',
  },
} as const satisfies ErrorTexts
