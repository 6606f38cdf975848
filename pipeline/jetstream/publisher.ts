import { headers, type MsgHdrs } from '@nats-io/transport-node'
import type { RequestMux } from './request-mux.ts'

/** Publishing to JetStream with many messages under way. */
export interface Publisher {
  /**
   * Settles when the stream answers. A refusal is a result; what has no known outcome rejects.
   *
   * @throws ColloquyError `no_reply` (the message may have been stored all the same), `no_responders` (no stream takes the
   * subject, or JetStream is away) or `closed`.
   */
  publish(subject: string, payload: Uint8Array | string, options?: PublishOptions): Promise<PublishResult>
}

export interface PublishOptions {
  /** `Nats-Msg-Id`: within the stream's window a second one is not stored. */
  readonly msgId?: string
  /** The stream must not hold a later message of this very subject; 0 for none at all. */
  readonly expectLastSubjectSequence?: number
  readonly headers?: Readonly<Record<string, string>>
}

export type PublishResult =
  | { readonly ok: true; readonly seq: number; readonly duplicate: boolean }
  /** `code`: one of `JS_CODE`, or another. */
  | { readonly ok: false; readonly code: number; readonly description: string }

export const createPublisher = (mux: RequestMux): Publisher => ({
  async publish(subject, payload, options) {
    const reply = await mux.request(subject, payload, headersOf(options))
    const answer = reply.json<{ seq?: number; duplicate?: boolean; error?: { err_code?: number; description?: string } }>()
    return answer.error === undefined
      ? { ok: true, seq: answer.seq ?? 0, duplicate: answer.duplicate === true }
      : { ok: false, code: answer.error.err_code ?? 0, description: answer.error.description ?? 'unknown error' }
  },
})

function headersOf(options: PublishOptions | undefined): MsgHdrs | undefined {
  if (options === undefined) return undefined
  const made = headers()
  if (options.msgId !== undefined) made.set('Nats-Msg-Id', options.msgId)
  if (options.expectLastSubjectSequence !== undefined) {
    made.set('Nats-Expected-Last-Subject-Sequence', String(options.expectLastSubjectSequence))
  }
  for (const [name, value] of Object.entries(options.headers ?? {})) made.set(name, value)
  return made
}
