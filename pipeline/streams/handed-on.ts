import type { Bus } from '../bus.ts'

/**
 * What other streams hand on to INBOX, in them and as INBOX stores it: results and timers, and what actors send to each other. TIMERS
 * also has schedules, which are not for INBOX.
 */
export const HANDED_ON = [
  { stream: 'TIMERS', subject: 'int.>', stored: 'inbox.*.*.*.*.int' },
  { stream: 'SENT', subject: 'act.>', stored: 'inbox.*.*.*.*.act' },
] as const

/** `Nats-Stream-Source` reads `<stream> <sequence> …`. */
export const sequenceInSource = (source: string): number => Number(source.split(' ')[1] ?? 0)

/**
 * Whether INBOX has taken over all that other streams have for it. Asked of the messages themselves: the lag that a stream reports of
 * its sources may be older than they are.
 */
export async function isHandedOn({ jsm }: Bus): Promise<boolean> {
  const all = await Promise.all(HANDED_ON.map(async ({ stream, subject, stored }) => {
    const there = await jsm.streams.getMessage(stream, { last_by_subj: subject })
    if (there === null) return true
    const here = await jsm.streams.getMessage('INBOX', { last_by_subj: stored })
    return here !== null && sequenceInSource(here.header.get('Nats-Stream-Source')) >= there.seq
  }))
  return all.every(Boolean)
}
