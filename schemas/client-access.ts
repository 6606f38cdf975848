import { LIVE_SUBJECTS, OUT_SUBJECTS, PRODUCER_SUBJECTS } from './subjects.ts'

/**
 * All that a client of NATS without rights may use. Streams live in the account CORE, clients in the account CLIENTS, which imports these
 * subjects and nothing else: JetStream's API, the log and replies of other accounts are out of its reach, also by a reply subject, because
 * the server rewrites the reply of a request that crosses accounts.
 */
export const CORE_ACCOUNT = 'CORE'
export const CLIENT_ACCOUNT = 'CLIENTS'

/** The durable consumer of OUT for clients. Its readers share the events; each event goes to one of them, at least once. */
export const EVENTS_CONSUMER = 'events'
/**
 * JetStream's domain for clients: the prefix of the consumer's API is `$JS.colloquy.API`. Without one the server would answer requests of
 * the account CLIENTS itself that it has no JetStream.
 */
export const CLIENT_DOMAIN = 'colloquy'

/** Core NATS: completes the receipt of an acknowledged input. */
export const RECEIPT_SUBJECT = 'colloquy.receipt'

/** A subject of CORE on which a client sends, and its name in the client's account. */
export interface ClientService {
  readonly core: string
  readonly client: string
  /** More than one answer to one request. */
  readonly isStream?: true
}

const consumerApi = (call: string): ClientService => ({
  core: `$JS.API.CONSUMER.${call}.OUT.${EVENTS_CONSUMER}`,
  client: `$JS.${CLIENT_DOMAIN}.API.CONSUMER.${call}.OUT.${EVENTS_CONSUMER}`,
})
const same = (subject: string): ClientService => ({ core: subject, client: subject })

/** Subjects on which a client may send. */
export const CLIENT_SERVICES: readonly ClientService[] = [
  same(PRODUCER_SUBJECTS),
  same(RECEIPT_SUBJECT),
  consumerApi('INFO'),
  { ...consumerApi('MSG.NEXT'), isStream: true },
  same(`$JS.ACK.OUT.${EVENTS_CONSUMER}.>`),
]

/** Subjects on which a client may listen, beside its own replies. */
export const CLIENT_FEEDS: readonly string[] = [OUT_SUBJECTS, LIVE_SUBJECTS]
