import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream'
import { codeOf, ColloquyError } from '../../schemas/errors.ts'
import { NO_MESSAGE_STATUS } from './jetstream-codes.ts'

/** A page that has not ended by then has lost messages on the way. */
const PAGE_MS_MAX = 10_000

/** Whether the server says that a page has no message. The client takes that for an error. */
const isEmpty = (error: unknown): boolean => codeOf(error) === String(NO_MESSAGE_STATUS)

/** What a page has. */
export interface PageQuery {
  readonly stream: string
  /** First sequence. */
  readonly seq: number
  /** Subject of the messages, perhaps with wildcards. */
  readonly subject: string
  readonly messagesMax: number
  readonly bytesMax?: number
}

/**
 * Reads messages of a stream in one request, from any replica. The own iterator of the client keeps its subscription at the end, and waits
 * for ever for one that got lost on the way.
 *
 * @param take is called with each message, in order; also where the page then fails
 * @throws ColloquyError `no_reply` where the page stalls; the server's error otherwise
 */
export async function readPage(
  { direct }: Pick<JetStreamManager, 'direct'>,
  { stream, seq, subject, messagesMax, bytesMax }: PageQuery,
  take: (message: StoredMsg) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const stall = setTimeout(() => {
    reject(
      new ColloquyError('no_reply', `${stream} gave only a part of a page of messages within ${PAGE_MS_MAX} ms; the page is read again`),
    )
  }, PAGE_MS_MAX)
  const page = await direct.getBatch(stream, {
    seq,
    next_by_subj: subject,
    batch: messagesMax,
    ...(bytesMax !== undefined && { max_bytes: bytesMax }),
    callback: (done, message) => {
      if (done === null) take(message)
      else if (done.err === undefined || isEmpty(done.err)) resolve()
      else reject(done.err)
    },
  })
  try {
    await promise
  } finally {
    clearTimeout(stall)
    page.stop()
  }
}
