import { z } from 'zod'
import type { Item } from '../../../schemas/catalogue-events.ts'
import { itemCues } from '../demo-items.ts'
import { between, chanceOf, oneOf } from './chance.ts'
import { arrivalsOf } from './past-cues.ts'
import { type Arrival, arrival, type PastPart } from './simulate-past.ts'

const DAY_MS = 86_400_000
const SECOND_MS = 1_000
const SHOPPERS = 30
/** Visits of one, and what he looks at in each. */
const VISITS = [2, 5] as const
const LOOKS = [2, 6] as const
const CLICKING_SHARE = 0.45
const BUYING_SHARE = 0.4
const KIND = 'interest'
const SOURCE = 'shop'

export interface PastShopOptions {
  readonly tenant: string
  readonly catalogue: readonly Item[]
  readonly fromMs: number
  readonly untilMs: number
}

const givenSchema = z.object({ replyTo: z.string(), list: z.string().optional(), items: z.array(z.object({ item: z.string() })) })

/** A catalogue, and shoppers: they look around in what they like, ask for a list, open what it shows, and some buy. */
export function createPastShop({ tenant, catalogue, fromMs, untilMs }: PastShopOptions): PastPart {
  const signal = (id: string, atMs: number, name: string, type: string, data: object): Arrival =>
    arrival({ tenant, kind: KIND, id }, atMs, `${id}-${name}`, SOURCE, type, data)
  const visit = (id: string, count: number): Arrival[] => {
    const favourite = oneOf(catalogue, id, 'favourite')
    const shelf = catalogue.filter(({ topics }) => topics.some((topic) => favourite.topics.includes(topic)))
    const beganMs = fromMs + between(0, untilMs - fromMs - DAY_MS / 8, id, count)
    const looks = Array.from({ length: between(...LOOKS, id, count, 'looks') }, (_, look) => {
      const item = oneOf(chanceOf(id, count, look) < 0.8 ? shelf : catalogue, id, count, look, 'item')
      const atMs = beganMs + look * between(10, 60, id, count, look) * SECOND_MS
      const type = chanceOf(id, count, look, 'likes') < 0.15 ? 'item.liked' : 'item.browsed'
      return signal(id, atMs, `${count}-${look}`, type, item)
    })
    return [...looks, signal(id, beganMs + 8 * 60 * SECOND_MS, `${count}-asks`, 'recommendations.asked', { count: 4 })]
  }
  const shoppers = Array.from({ length: SHOPPERS }, (_, index) => `past-shopper-${index + 1}`)
  const visits = shoppers.flatMap((id) => Array.from({ length: between(...VISITS, id, 'visits') }, (_, count) => visit(id, count)).flat())
  return {
    arrivals: [...arrivalsOf(itemCues(tenant, catalogue), { startMs: fromMs }), ...visits],
    react({ atMs, address: { kind, id }, record }) {
      const given = kind === KIND ? record.emitted.find(({ type }) => type === 'recommendations.given') : undefined
      if (given === undefined) return []
      const { list, items } = givenSchema.parse(given.data)
      if (items.length === 0 || chanceOf(given.id, 'clicks') >= CLICKING_SHARE) return []
      const { item } = oneOf(items, given.id, 'clicked')
      const clickedMs = atMs + between(3, 40, given.id) * SECOND_MS
      const clicked = signal(id, clickedMs, `clicks-${clickedMs}`, 'item.clicked', { item, ...(list !== undefined && { list }) })
      const isBought = chanceOf(given.id, 'buys') < BUYING_SHARE
      return [clicked, ...(isBought ? [signal(id, clickedMs + 90 * SECOND_MS, `buys-${clickedMs}`, 'item.bought', { item })] : [])]
    },
  }
}
