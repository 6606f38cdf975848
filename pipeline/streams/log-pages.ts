import type { StoredMsg } from '@nats-io/jetstream'
import type { Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { readPage } from '../jetstream/direct-page.ts'
import { nextOf } from '../jetstream/stream-info.ts'

/** Messages and bytes of one page. */
const PAGE_MAX = 50
const PAGE_BYTES_MAX = 1024 ** 2

/** The subject of the records of all actors of an id: an actor, and those that it follows. */
const subjectsOf = ({ tenant, id }: Address): string => `log.*.${tenant}.*.${id}`

/**
 * Reads the records of an actor's id from LOG, up to its end. The leader says where the end is, so that no acknowledged record is missed. A
 * replica gives what is between: it can be behind, but leaves nothing out.
 */
export async function* pagesAfter({ jsm }: JetStreamContext, address: Address, seq: number): AsyncGenerator<StoredMsg> {
  const subject = subjectsOf(address)
  for (let next = seq + 1; ;) {
    const first = await nextOf(jsm, 'LOG', next, subject)
    if (first === null) return
    yield first
    next = first.seq + 1
    const messages: StoredMsg[] = []
    const query = { stream: 'LOG', seq: next, subject, messagesMax: PAGE_MAX, bytesMax: PAGE_BYTES_MAX }
    await readPage(jsm, query, (message) => messages.push(message))
    for (const message of messages) {
      yield message
      next = message.seq + 1
    }
  }
}
