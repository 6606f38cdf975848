import { JetStreamApiError, JetStreamError } from '@nats-io/jetstream'

/**
 * Codes of JetStream's API errors that Colloquy acts on. After any other refusal of a message, such as 10164 (with replicas: another
 * publish with an expectation is under way for the subject), it is sent again.
 */
export const JS_CODE = {
  /** The account may use no more for all its streams together. */
  accountLimit: 10002,
  /** The account or the server may use no more memory or disk. */
  insufficientResources: 10023,
  /** There is no such consumer. */
  consumerNotFound: 10014,
  /** The stream has no message at this sequence. */
  noSuchSequence: 10043,
  /** The account or the disk has less room than a stream's `max_bytes`. */
  insufficientStorage: 10047,
  /** The message is larger than the stream ever takes. */
  tooLarge: 10054,
  /** There is no such stream. */
  streamNotFound: 10059,
  /** The last sequence of the subject, or of the key, is another than was expected: somebody else was first. */
  wrongLastSequence: 10071,
  /** The stream could not store the message: it is full, or its disk is. */
  storeFailed: 10077,
  /** There is a consumer of this name already, with another configuration. */
  consumerExists: 10148,
} as const

/** A stream that has no room: its own limit, the account's, the server's disk. */
export const NO_ROOM_CODES: ReadonlySet<number> = new Set([JS_CODE.storeFailed, JS_CODE.insufficientStorage, JS_CODE.insufficientResources])

/** The status of an answer to a direct get where nothing matches. */
export const NO_MESSAGE_STATUS = 404

const NO_RESPONDERS_STATUS = 503

/** Whether nobody listened to a consumer's requests: its server has just started with it, or is gone. */
export const hasNoResponders = (error: unknown): boolean =>
  error instanceof JetStreamError && 'code' in error && error.code === NO_RESPONDERS_STATUS

export const isJetStreamError = (error: unknown, name: keyof typeof JS_CODE): boolean =>
  error instanceof JetStreamApiError && error.code === JS_CODE[name]
