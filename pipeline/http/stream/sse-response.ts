import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { IN_WORDS } from '../../../schemas/problem-words.ts'
import { CLOSE_REASONS, eventIdSchema, placeOf, type StreamPlace } from '../../../schemas/stream-events.ts'
import { HttpProblem, RETRY_AFTER } from '../problems.ts'
import type { EndReason, Outlet, Outlets, Wire } from './outlets.ts'
import { closeFrame, HEARTBEAT, retryFrame } from './sse-frames.ts'

export interface SseDeps {
  readonly outlets: Outlets
  /** A stream gives its place among the server's connections back: it has one among the streams. */
  readonly leavePlaces: (socket: Socket) => void
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // nginx would collect events before it passes them on.
  'x-accel-buffering': 'no',
  connection: 'close',
} as const
/** Pause of a client before it connects again. */
export const RETRY_MS = 2_000
/** The same for one of many that resume at once; the pause is random up to this. */
const BUSY_RETRY_MS_MAX = 5_000

/** When a client that met too many others should connect again: at a random time, so that they do not meet again. */
export const busyRetryMs = (): number => Math.ceil(RETRY_MS / 2 + Math.random() * (BUSY_RETRY_MS_MAX - RETRY_MS / 2))

/** Takes a place of the streams. @throws HttpProblem 503 `too_many_streams` */
export function takePlace({ places }: Pick<Outlets, 'places'>, client: string): void {
  if (places.acquire(client)) return
  const detail = `too many streams are open here, or of "${client}"; close some, or open this one later or at another process`
  throw new HttpProblem('too_many_streams', detail, { headers: RETRY_AFTER })
}

/** The header by which a client of server-sent events resumes. */
export const lastEventId = z.object({
  'last-event-id': eventIdSchema.optional().meta({ description: 'Id of the last event that the client has' }),
})

/**
 * Where a stream goes on. The header wins: a browser that connects again sends it together with the query of the first time.
 *
 * @throws HttpProblem 400 `bad_query`
 */
export function resumePlace({ headers }: Pick<FastifyRequest, 'headers'>, after: number | undefined): StreamPlace | undefined {
  const [header = ''] = [headers['last-event-id']].flat()
  const last = header === '' ? undefined : eventIdSchema.safeParse(header, IN_WORDS)
  if (last?.success === false) throw new HttpProblem('bad_query', `Last-Event-ID: ${last.error.issues[0]?.message ?? 'not valid'}`)
  const id = last?.data ?? after
  return id === undefined ? undefined : placeOf(id)
}

/** An answer of server-sent events that has begun. */
export interface SseResponse {
  readonly outlet: Outlet
  /** Nothing is written once it has ended. @param events how many the frame has */
  write(frame: string | Buffer, events?: number): void
  close(reason: EndReason): void
}

/**
 * Takes a place of the streams and begins an answer that goes on until one side closes it.
 *
 * @throws HttpProblem 503 `too_many_streams`
 */
export function openSse(
  request: FastifyRequest,
  reply: FastifyReply,
  { outlets, leavePlaces }: SseDeps,
  { client, onRoom, onClose }: { readonly client: string; readonly onRoom: () => void; readonly onClose: () => void },
): SseResponse {
  takePlace(outlets, client)
  leavePlaces(request.socket)
  reply.headers(HEADERS).hijack()
  const response = reply.raw
  response.socket?.setTimeout(0)
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) response.setHeader(name, value)
  response.writeHead(200)
  const { wire, end } = wireOf(response, { onRoom, onEnd: (reason) => outlet.ended(reason), closeMs: outlets.closeMs })
  const outlet = outlets.open(wire)
  response.on('drain', outlet.drained)
  response.once('close', () => {
    onClose()
    outlets.places.release(client)
    outlet.ended(end.reason ?? 'client')
  })
  const write = (frame: string | Buffer, events = 0): void => {
    if (end.reason !== undefined) return
    response.write(frame)
    outlet.wrote(events)
  }
  write(retryFrame(RETRY_MS))
  return { outlet, write, close: (reason) => wire.close(reason) }
}

/** The answer to a HEAD of a stream. */
export const answerHead = (reply: FastifyReply): FastifyReply => reply.headers(HEADERS).send()

interface WireEvents {
  readonly onRoom: () => void
  readonly onEnd: (reason: EndReason) => void
  /** How long a client that is closed may take to read why. */
  readonly closeMs: number
}

function wireOf(response: ServerResponse, { onRoom, onEnd, closeMs }: WireEvents): { wire: Wire; end: { reason: EndReason | undefined } } {
  const end: { reason: EndReason | undefined } = { reason: undefined }
  const wire: Wire = {
    transport: 'sse',
    buffered: () => response.writableLength,
    heartbeat: () => response.write(HEARTBEAT),
    onRoom,
    close(reason) {
      if (end.reason !== undefined) return
      end.reason = reason
      onEnd(reason)
      response.end(lastFrame(reason))
      setTimeout(() => response.destroy(), closeMs).unref()
    },
  }
  return { wire, end }
}

function lastFrame(reason: EndReason): string {
  if (reason === 'closing') return closeFrame('closing', { retryMs: RETRY_MS })
  const retryMs = reason === 'busy' ? busyRetryMs() : RETRY_MS
  const named = CLOSE_REASONS.find((known) => known === reason)
  return `${retryFrame(retryMs)}${named === undefined ? '' : closeFrame('closed', { reason: named, retryMs })}`
}
