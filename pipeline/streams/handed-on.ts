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

/** The last sequence of another stream that is for INBOX, and the last one that INBOX has taken over; 0 for none. */
export interface HandedOnSeqs {
  readonly there: number
  readonly here: number
}

/** Asked of the messages themselves: the lag that a stream reports of its sources may be older than they are. */
export async function handedOnSeqs({ jsm }: Bus, { stream, subject, stored }: (typeof HANDED_ON)[number]): Promise<HandedOnSeqs> {
  const there = await jsm.streams.getMessage(stream, { last_by_subj: subject })
  const here = await jsm.streams.getMessage('INBOX', { last_by_subj: stored })
  return { there: there?.seq ?? 0, here: here === null ? 0 : sequenceInSource(here.header.get('Nats-Stream-Source')) }
}

/** Whether INBOX has taken over all that other streams have for it. */
export async function isHandedOn(bus: Bus): Promise<boolean> {
  const all = await Promise.all(HANDED_ON.map((one) => handedOnSeqs(bus, one)))
  return all.every(({ there, here }) => here >= there)
}
