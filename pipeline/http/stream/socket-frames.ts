import type { Closed, Gap } from '../../../schemas/stream-events.ts'
import type { StreamEvent } from '../../streams/followed-record.ts'
import type { LiveEvent } from '../../streams/live-feed.ts'
import type { HttpProblem } from '../problems.ts'
import { problemBody } from '../problems.ts'

/** Given back with the answer to a request. */
export type Ref = string | number | undefined

/** Frames of `/v1/ws` to a client: text, JSON. `actor`: `<tenant>/<kind>/<id>` of the subscription. */
const frame = (actor: string, event: string, id: number | undefined, json: string): string =>
  `{"actor":${JSON.stringify(actor)},"event":${JSON.stringify(event)}${id === undefined ? '' : `,"id":${id}`},"data":${json}}`

export const eventText = (actor: string, { type, id, data }: StreamEvent): string => frame(actor, type, id, data)
export const liveText = (actor: string, { type, data }: LiveEvent): string => frame(actor, type, undefined, data)
export const gapText = (actor: string, gap: Gap, id: number): string => frame(actor, 'gap', id, JSON.stringify(gap))
/** The subscription has begun after this id. */
export const subscribedText = (actor: string, id: number, ref: Ref): string =>
  JSON.stringify({ actor, event: 'subscribed', id, ...(ref === undefined ? {} : { ref }) })
/** The server ends a subscription, or the socket. */
export const closedText = (actor: string | undefined, data: Closed): string => JSON.stringify({ actor, event: 'closed', data })
/** The answer to a request. */
export const answerText = (event: 'receipt' | 'unsubscribed' | 'authorized', data: object, ref: Ref): string =>
  JSON.stringify({ event, ref, data })
export const problemText = (problem: HttpProblem, ref: Ref): string => JSON.stringify({ event: 'problem', ref, data: problemBody(problem) })
