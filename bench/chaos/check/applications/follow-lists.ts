import { z } from 'zod'
import type { LoggedRecord } from '../chaos-history.ts'
import { type CreateFollower, emittedOf, entryOf, kindIn } from './follower.ts'

/** When an item could be recommended, and when not any more. */
interface Listing {
  readonly seq: number
  readonly atMs: number
  readonly isListed: boolean
}
interface Visitor {
  /** What is not to be recommended any more. */
  readonly bought: Set<string>
  readonly disliked: Set<string>
  /** Answers to each question. */
  readonly asked: Map<string, number>
}

const itemSchema = z.object({ item: z.string() })
const givenSchema = z.object({
  replyTo: z.string(),
  list: z.string().optional(),
  indexSeq: z.number().optional(),
  items: z.array(itemSchema),
})
/** An item that was withdrawn so long before a list was made is not on it, however late faults and a busy machine make the index. */
const LATE_MS_MAX = 300_000

/** A list has no item that was withdrawn before its index ended, none that the visitor has bought or refused, and each question has one. */
export const followLists: CreateFollower = (report) => {
  const items = new Map<string, Listing[]>()
  const visitors = new Map<string, Visitor>()

  const takeItem = ({ seq, record }: LoggedRecord): void => {
    const atMs = Date.parse(record.at)
    const note = (isListed: boolean, data: unknown): void => {
      const { item } = itemSchema.parse(data)
      const listings = entryOf(items, item, () => [])
      if (listings.at(-1)?.isListed !== isListed) listings.push({ seq, atMs, isListed })
    }
    for (const { type, data } of record.emitted) if (type === 'item.listed' || type === 'item.unlisted') note(type === 'item.listed', data)
  }
  const problemOf = (item: string, indexSeq: number, nowMs: number): string | undefined => {
    const listings = items.get(item) ?? []
    const known = listings.findLast(({ seq }) => seq <= indexSeq)
    if (known?.isListed !== true) return known === undefined ? 'was not offered' : `was withdrawn by LOG ${known.seq}`
    const last = listings.at(-1)
    return last?.isListed === false && nowMs - last.atMs > LATE_MS_MAX ? `was withdrawn ${nowMs - last.atMs} ms ago` : undefined
  }
  const takeVisitor = ({ seq, actor, record }: LoggedRecord): void => {
    const { bought, disliked, asked } = entryOf(visitors, actor, () => ({
      bought: new Set<string>(),
      disliked: new Set<string>(),
      asked: new Map<string, number>(),
    }))
    const { type, id, data } = record.input
    const item = itemSchema.safeParse(data).data?.item ?? ''
    if (type === 'recommendations.asked') asked.set(id, 0)
    if (type === 'item.bought') bought.add(item)
    if (type === 'item.returned') bought.delete(item)
    if (type === 'item.disliked' || type === 'item.returned') disliked.add(item)
    if (type === 'item.liked' || type === 'item.bought') disliked.delete(item)
    for (const { replyTo, list = replyTo, indexSeq, items: given } of emittedOf(record, 'recommendations.given').map((one) =>
      givenSchema.parse(one),
    )) {
      // Later lists of a question that is kept fresh have names of their own.
      if (list === replyTo) {
        if (asked.get(replyTo) !== 0) report('list', `LOG ${seq}: ${actor} answers ${replyTo} again, or nobody asked`)
        asked.set(replyTo, 1)
      }
      for (const { item: one } of given) {
        if (bought.has(one) || disliked.has(one)) report('list', `LOG ${seq}: ${actor} has ${one} on a list, which it bought or refused`)
        const problem = problemOf(one, indexSeq ?? seq, Date.parse(record.inbox.ts))
        if (problem !== undefined) report('list', `LOG ${seq}: ${actor} has ${one} on a list up to LOG ${indexSeq}; it ${problem}`)
      }
    }
  }
  return {
    kinds: ['item', 'interest'],
    take: (entry) => (kindIn(entry.actor) === 'item' ? takeItem(entry) : takeVisitor(entry)),
    finish() {
      for (const [actor, { asked }] of visitors)
        for (const [id, count] of asked) if (count === 0) report('list', `${id} has no list of ${actor}`)
    },
  }
}
