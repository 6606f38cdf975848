import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream'
import { ColloquyError } from '../../schemas/errors.ts'
import type { Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { nextOf } from '../jetstream/stream-info.ts'

/** Messages and bytes of one page. */
const PAGE_MAX = 50
const PAGE_BYTES_MAX = 1024 ** 2
const PAGE_MS_MAX = 10_000

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
    for (const message of await readPage(jsm, next, subject)) {
      yield message
      next = message.seq + 1
    }
  }
}

/**
 * Reads the next page. The client's own iterator keeps its subscription after the last message, and waits for ever for one that got lost on
 * the way.
 *
 * @throws ColloquyError `no_reply` where a page stalls
 */
async function readPage(jsm: JetStreamManager, seq: number, subject: string): Promise<StoredMsg[]> {
  const messages: StoredMsg[] = []
  const { promise, resolve, reject } = Promise.withResolvers<StoredMsg[]>()
  const stall = setTimeout(() => {
    reject(new ColloquyError('no_reply', `LOG gave only a part of a page of records within ${PAGE_MS_MAX} ms; the page is read again`))
  }, PAGE_MS_MAX)
  const request = { seq, next_by_subj: subject, batch: PAGE_MAX, max_bytes: PAGE_BYTES_MAX }
  const page = await jsm.direct.getBatch('LOG', {
    ...request,
    callback: (done, message) => {
      if (done === null) messages.push(message)
      else if (done.err === undefined) resolve(messages)
      else reject(done.err)
    },
  })
  try {
    return await promise
  } finally {
    clearTimeout(stall)
    page.stop()
  }
}
