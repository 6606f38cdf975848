import type { Closed, Gap } from '../../../schemas/stream-events.ts'
import type { StreamEvent } from '../../streams/followed-record.ts'
import type { LiveEvent } from '../../streams/live-feed.ts'

/** Frames of server-sent events (WHATWG HTML, 9.2). */
const rendered = new WeakMap<StreamEvent, Buffer>()

/** An event of a record. It is rendered once for all clients. */
export function eventFrame(event: StreamEvent): Buffer {
  const known = rendered.get(event)
  if (known !== undefined) return known
  const frame = Buffer.from(`id: ${event.id}\nevent: ${event.type}\ndata: ${event.data}\n\n`)
  rendered.set(event, frame)
  return frame
}

export const liveFrame = ({ type, data }: LiveEvent): string => `event: ${type}\ndata: ${data}\n\n`
export const gapFrame = (gap: Gap, id: number): string => `id: ${id}\nevent: gap\ndata: ${JSON.stringify(gap)}\n\n`
/** Sets the id with which a client resumes that has had no event yet. It is no event to the client. */
export const idFrame = (id: number): string => `id: ${id}\n\n`
/** How long a client waits before it connects again. */
export const retryFrame = (ms: number): string => `retry: ${ms}\n\n`
export const closeFrame = (event: 'closed' | 'closing', data: Closed | Pick<Closed, 'retryMs'>): string =>
  `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
export const HEARTBEAT = ':\n\n'
