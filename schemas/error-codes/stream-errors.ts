import type { ErrorTexts } from './error-text.ts'

const LOG = 'log of any process, commands that read streams'

/** Codes of requests to NATS and of reading its streams. Stages retry after most of these errors. */
export const STREAM_ERRORS = {
  no_reply: {
    meaning: 'NATS did not reply in time. The request may have been received.',
    cause: 'The server or the network is slow, or the connection was lost meanwhile.',
    remedy: 'Retry; send an input again under the same id. Stages retry by themselves.',
    where: `${LOG}; HTTP interface`,
    http: 503,
  },
  no_responders: {
    meaning: 'No server handles the request.',
    cause: 'JetStream is unavailable or has no leader, or the stream does not exist.',
    remedy: 'Retry; send an input again under the same id. Check `colloquy status` if the error persists.',
    where: `${LOG}; HTTP interface`,
    http: 503,
  },
  closed: {
    meaning: 'The connection to NATS was closed before the request.',
    cause: 'The process or the producer stops.',
    remedy: 'Open a new producer, or send the request to another process; send an input again under the same id.',
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
  stage_failing: {
    meaning: 'A stage of the system does not work, or nobody runs it.',
    cause: 'The message names it: a server that is away, a blocked thread, a partition without an owner, or a role that no process has.',
    remedy: 'Remove the cause that the message names. The stage continues by itself from its checkpoint.',
    where: '`colloquy status --problems`',
  },
  stage_behind: {
    meaning: 'A stage has more messages before it than usual loads leave.',
    cause: 'A burst, an outage that has just ended, or less capacity than the load needs.',
    remedy: 'Wait with `colloquy status --wait` while the lag falls. If it rises, start more processes with the role.',
    where: '`colloquy status --problems`',
  },
  records_lost: {
    meaning: 'LOG has lost records inside: their sequences have no message any more.',
    cause: 'A file of nats-server is damaged, or something deleted messages of LOG.',
    remedy: 'Check the disk of NATS. Restore a backup that has the records if they matter; everything else continues without them.',
    where: '`colloquy status`, log of `colloquy up`, metric `colloquy_removed_records`',
  },
  records_unproven: {
    meaning: 'The tables have rows of records that LOG has lost. Nothing proves them, and they are the last copy.',
    cause: 'Later records of the actors follow, so that the lost ones cannot be decided again.',
    remedy: 'Keep them, restore a backup that has the records, or remove the rows with `colloquy rebuild --drop-unproven`.',
    where: '`colloquy status`, `colloquy verify`',
  },
  unproven_set_aside: {
    meaning: 'Damaged files of ClickHouse may have the last copies of rows of records that LOG has lost.',
    cause: 'A part of a table was damaged and set aside. LOG gives back its rows, but not those of lost records.',
    remedy:
      'Keep the folders. Restore a backup that has the records, with `colloquy restore`, or accept the loss. Then delete the folders.',
    where: '`colloquy status`',
  },
  no_leader: {
    meaning: 'A stream has no leader for now.',
    cause: 'The NATS cluster is electing one, or has lost its majority.',
    remedy: 'Try again. If the error persists, check that the majority of the NATS servers run.',
    where: LOG,
  },
  cluster_refused: {
    meaning: 'The key-value bucket of the cluster refused an entry.',
    cause: 'The bucket is full or has no leader. The message has the answer of NATS.',
    remedy: 'The process retries. Check the storage and the servers of NATS if the error persists.',
    where: LOG,
  },
  no_checkpoint: {
    meaning: 'A stage has no checkpoint, though LOG exists.',
    cause: 'Its key was removed from the bucket, or the bucket was restored without it.',
    remedy: 'Restore the key that the message names from a backup of the bucket.',
    where: 'log of `colloquy up`',
  },
  load_failed: {
    meaning: 'LOG did not give the last record of an actor.',
    cause: 'NATS answered with an error. The message has its description.',
    remedy: 'The host retries. Check `colloquy status` if the error persists.',
    where: 'log of a host',
  },
  heal_failed: {
    meaning: 'A host could not repair INBOX after INBOX had lost its last messages.',
    cause: 'INBOX refused the filler messages for the lost sequences. The message has the answer of NATS.',
    remedy: 'The host retries. If INBOX is full, raise `COLLOQUY_STORAGE_BYTES_MAX`.',
    where: 'log of a host',
  },
  not_recorded: {
    meaning: 'A range of lost records could not be stored.',
    cause: 'The stream REMOVED is full or has no leader. The message has the answer of NATS.',
    remedy: 'The stage retries. Check the storage and the servers of NATS if the error persists.',
    where: LOG,
  },
  records_removed: {
    meaning: 'More lost records of LOG were found, and a stage restarts to take them into account.',
    cause: 'A damaged file of NATS, or a message that another program deleted from LOG.',
    remedy: 'The stage restarts by itself. `colloquy status` lists what is lost; check the disk of NATS.',
    where: LOG,
  },
  no_partitions: {
    meaning: 'INBOX does not say how many partitions it has.',
    cause: 'Its subject transform has no partitions: the stream was not created by Colloquy, or was changed by hand.',
    remedy: 'Check `COLLOQUY_NATS_URL`. If it is right, undo the change of the stream INBOX.',
    where: '`colloquy check`',
  },
} as const satisfies ErrorTexts
