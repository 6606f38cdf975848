import type { JetStreamContext } from './connection.ts'

/**
 * What other streams hand on to INBOX, by the first token of its subjects there, which is the last one in INBOX: results and alarms, and what
 * actors send to each other. TIMERS also has schedules, which are not for INBOX.
 */
export const SOURCED_STREAMS = [{ stream: 'TIMERS', way: 'int' }, { stream: 'SENT', way: 'act' }] as const
export type SourcedStream = (typeof SOURCED_STREAMS)[number]

/** A message of another stream that is for INBOX. */
export interface SourcedMessage {
  readonly subject: string
  readonly seq: number
}

/** The newest message that another stream has for INBOX. */
export async function newestSourced({ jsm }: JetStreamContext, { stream, way }: SourcedStream): Promise<SourcedMessage | undefined> {
  return await jsm.streams.getMessage(stream, { last_by_subj: `${way}.>` }) ?? undefined
}

/**
 * The INBOX sequence by which INBOX has taken a message over, and all before it; `undefined` while it has not. Asked of the messages themselves: the
 * lag that a stream reports of its sources may be older than they are. And of one actor's: nats-server looks for the last message of any
 * actor's (`inbox.*.*.*.*.int`) under a lock, by going over all subjects that INBOX has, which takes a second with a million of them.
 */
export async function sourcedAt({ jsm }: JetStreamContext, { way }: SourcedStream, { subject, seq }: SourcedMessage): Promise<number | undefined> {
  const [, ...actor] = subject.split('.')
  const stored = await jsm.streams.getMessage('INBOX', { last_by_subj: ['inbox', '*', ...actor, way].join('.') })
  return stored !== null && sequenceInSource(stored.header.get('Nats-Stream-Source')) >= seq ? stored.seq : undefined
}

/** `Nats-Stream-Source` reads `<stream> <sequence> …`. */
const sequenceInSource = (source: string): number => Number(source.split(' ')[1] ?? 0)

/** Whether INBOX has taken over all that other streams have for it. */
export async function isSourcingComplete(jetstream: JetStreamContext): Promise<boolean> {
  const all = await Promise.all(SOURCED_STREAMS.map(async (one) => {
    const newest = await newestSourced(jetstream, one)
    return newest === undefined || await sourcedAt(jetstream, one, newest) !== undefined
  }))
  return all.every(Boolean)
}
