import type { JetStreamContext } from './connection.ts'

/**
 * The streams that INBOX sources from, each with the first token of the sourced subjects, which is their last token in INBOX: task results and
 * wake-ups (`int`), and what actors send to each other (`act`). TIMERS also holds schedules, which are not sourced.
 */
export const SOURCED_STREAMS = [
  { stream: 'TIMERS', way: 'int' },
  { stream: 'SENT', way: 'act' },
] as const
export type SourcedStream = (typeof SOURCED_STREAMS)[number]

/** A message of another stream that INBOX sources. */
export interface SourcedMessage {
  readonly subject: string
  readonly seq: number
}

/** The newest message that INBOX has to source from a stream. */
export async function newestSourced({ jsm }: JetStreamContext, { stream, way }: SourcedStream): Promise<SourcedMessage | undefined> {
  return (await jsm.streams.getMessage(stream, { last_by_subj: `${way}.>` })) ?? undefined
}

/**
 * The INBOX sequence at which INBOX has sourced a message and all before it; `undefined` until then. Read from the messages: the lag that a
 * stream reports of its sources may be outdated. Read for one actor: nats-server finds the last message of any actor (`inbox.*.*.*.*.int`)
 * under a lock by walking all subjects of INBOX, a second for a million.
 */
export async function sourcedAt(
  { jsm }: JetStreamContext,
  { way }: SourcedStream,
  { subject, seq }: SourcedMessage,
): Promise<number | undefined> {
  const [, ...actor] = subject.split('.')
  const stored = await jsm.streams.getMessage('INBOX', { last_by_subj: ['inbox', '*', ...actor, way].join('.') })
  return stored !== null && sequenceInSource(stored.header.get('Nats-Stream-Source')) >= seq ? stored.seq : undefined
}

/** `Nats-Stream-Source` reads `<stream> <sequence> …`. */
const sequenceInSource = (source: string): number => Number(source.split(' ')[1] ?? 0)

/** Whether INBOX has sourced everything. */
export async function isSourcingComplete(jetstream: JetStreamContext): Promise<boolean> {
  const all = await Promise.all(
    SOURCED_STREAMS.map(async (one) => {
      const newest = await newestSourced(jetstream, one)
      return newest === undefined || (await sourcedAt(jetstream, one, newest)) !== undefined
    }),
  )
  return all.every(Boolean)
}
