import { z } from 'zod'
import {
  ITEM_LISTED,
  ITEM_UNLISTED,
  itemIdSchema,
  itemListed,
  ITEMS_PAIRED,
  itemsPaired,
  itemUnlisted,
  topicsSchema,
} from '../../schemas/catalogue-events.ts'
import type { PublicRecord } from '../../schemas/record.ts'
import { signalWeight } from './signals.ts'

/** What a record means for the index. */
export type IndexChange =
  | ({ readonly type: 'listed' } & Omit<z.infer<typeof itemListed>, 'title'>)
  | ({ readonly type: 'unlisted' } & z.infer<typeof itemUnlisted>)
  | ({ readonly type: 'paired' } & z.infer<typeof itemsPaired>)
  | {
      readonly type: 'signal'
      readonly item: string
      /** Above 0 where it speaks for the item. */
      readonly weight: number
      readonly topics: readonly string[]
      readonly segment: string | undefined
      readonly at: string
    }

const signalSchema = z.object({ item: itemIdSchema, topics: topicsSchema.optional(), segment: z.string().min(1).optional() })

/**
 * The changes of a record, in order. Pure, and by types of events: a kind of any name has a place in the index. An event of another shape
 * under one of the names changes nothing.
 */
export function indexChangesOf({ outcome, input, emitted, at }: Pick<PublicRecord, 'outcome' | 'input' | 'emitted' | 'at'>): IndexChange[] {
  if (outcome !== 'committed') return []
  const changes: IndexChange[] = []
  const weight = signalWeight(input.type, input.data)
  const signal = weight === undefined || input.history === true ? undefined : signalSchema.safeParse(input.data).data
  if (signal !== undefined && weight !== undefined) {
    changes.push({ type: 'signal', item: signal.item, weight, topics: signal.topics ?? [], segment: signal.segment, at })
  }
  for (const { type, data } of emitted) {
    if (type === ITEM_LISTED) changes.push(...read(itemListed, data).map((listed) => ({ type: 'listed' as const, ...listed })))
    if (type === ITEM_UNLISTED) changes.push(...read(itemUnlisted, data).map((unlisted) => ({ type: 'unlisted' as const, ...unlisted })))
    if (type === ITEMS_PAIRED) changes.push(...read(itemsPaired, data).map((paired) => ({ type: 'paired' as const, ...paired })))
  }
  return changes
}

function read<Schema extends z.ZodType>(schema: Schema, data: unknown): z.output<Schema>[] {
  const found = schema.safeParse(data)
  return found.success ? [found.data] : []
}
